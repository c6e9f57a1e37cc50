#include "net/ca_file.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace hermod::net {

std::optional<std::string> fault_of_ca_file(std::string const& path)
{
    errno = 0;
    std::unique_ptr<BIO, decltype(&BIO_free)> const file{
        BIO_new_file(path.c_str(), "r"), &BIO_free};
    auto const why = errno;
    std::unique_ptr<X509, decltype(&X509_free)> const first{
        file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free};
    ERR_clear_error();
    if (!file)
        return std::string{"cannot be read: "} + std::strerror(why);
    if (!first)
        return "holds no certificate in PEM";
    return std::nullopt;
}

}
