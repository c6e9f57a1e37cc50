#include "net/http_server_testing.hpp"

#include <fstream>

namespace hermod::net {
namespace server_test {

/// Tests of what only TLS has.
class TlsTest : public HttpServerTest {
protected:
    static std::string copy_of(std::string const& file)
    {
        std::ifstream stream{file};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }

    std::string refusal(std::string const& certificate, std::string const& key)
    {
        try {
            TlsIdentity const identity{{certificate, key}, clock, metrics};
        } catch (std::runtime_error const& e) {
            return e.what();
        }
        return "accepted";
    }

    /// A file of the test's own with this text.
    std::string file(std::string const& text)
    {
        auto const path = folder_ + "/" + std::to_string(++files_);
        std::ofstream{path} << text;
        return path;
    }

    TlsTest()
    {
        char pattern[] = "/tmp/hermod-tls-test-XXXXXX";
        folder_ = ::mkdtemp(pattern);
    }
    ~TlsTest() override
    {
        for (int i = 1; i <= files_; ++i)
            ::unlink((folder_ + "/" + std::to_string(i)).c_str());
        ::rmdir(folder_.c_str());
    }

private:
    std::string folder_;
    int files_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, TlsTest, testing::Values(Wire::tls));

TEST_P(TlsTest, files_that_cannot_be_used_are_one_clear_line)
{
    TestCertificate const other;
    auto const& good_certificate = certificate().ca_file();
    auto const& good_key = certificate().key_file();
    auto const nonsense = file("nonsense\n");
    auto const empty = file("");
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key{
        EVP_EC_gen("P-256"), &EVP_PKEY_free};
    auto const locked = file("");
    auto* const stream = std::fopen(locked.c_str(), "w");
    PEM_write_PrivateKey(stream, key.get(), EVP_aes_128_cbc(),
        reinterpret_cast<unsigned char const*>("secret"), 6, nullptr, nullptr);
    std::fclose(stream);

    std::tuple<std::string, std::string, std::string> const table[] = {
        {"/nowhere.pem", good_key, "/nowhere.pem cannot be read: No such file or directory"},
        {good_certificate, "/nowhere.key",
            "/nowhere.key cannot be read: No such file or directory"},
        {nonsense, good_key, nonsense + " does not hold a certificate"},
        {empty, good_key, empty + " does not hold a certificate"},
        {good_key, good_key, good_key + " does not hold a certificate"},
        {good_certificate, nonsense, nonsense + " does not hold the certificate's private key"},
        {good_certificate, other.key_file(), other.key_file() + " does not hold the certificate's"},
        {good_certificate, locked, locked + " does not hold the certificate's"},
    };
    for (auto const& [certificate_file, key_file, expected] : table) {
        auto const text = refusal(certificate_file, key_file);
        EXPECT_TRUE(text.starts_with("TLS cannot be served: " + expected)) << text;
        EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    }
    EXPECT_EQ(refusal(good_certificate, good_key), "accepted");
}

TEST_P(TlsTest, a_new_certificate_is_for_new_connections_and_a_bad_one_for_none)
{
    TestCertificate const next;
    auto const files = TlsIdentity::Files{
        file(copy_of(certificate().ca_file())), file(copy_of(certificate().key_file()))};
    identity = std::make_unique<TlsIdentity>(files, clock, metrics);
    HttpOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = identity.get();
    server = std::make_unique<HttpServer>(threads, clock, metrics, *pipeline, options);
    server->start();
    threads.start();
    started = true;
    auto before = connect();

    std::ofstream{files.certificate} << copy_of(next.ca_file());
    EXPECT_FALSE(identity->reload()); // its key has yet to come
    EXPECT_FALSE(connect().handshake_failed);
    std::ofstream{files.key} << copy_of(next.key_file());
    EXPECT_TRUE(identity->reload());

    EXPECT_TRUE(connect().handshake_failed);
    Client after{server->port(), next.ca_file()};
    EXPECT_FALSE(after.handshake_failed);
    for (auto* const client : {&before, &after}) {
        client->send(good);
        EXPECT_EQ(status_of(client->answer()), 201);
    }
    ::unlink(files.certificate.c_str());
    EXPECT_FALSE(identity->reload());
    EXPECT_FALSE((Client{server->port(), next.ca_file()}.handshake_failed));
}

TEST_P(TlsTest, versions_below_1_2_and_other_protocols_are_refused)
{
    start();
    std::unique_ptr<SSL_CTX, EndTls> const context{SSL_CTX_new(TLS_client_method())};
    auto const shake_hands = [&](int lowest, int highest, std::string const& protocols) {
        Client const client{server->port()};
        TlsSession const tls{SSL_new(context.get())};
        SSL_set_security_level(tls.get(), 0);
        SSL_set_min_proto_version(tls.get(), lowest);
        SSL_set_max_proto_version(tls.get(), highest);
        if (!protocols.empty())
            SSL_set_alpn_protos(tls.get(), reinterpret_cast<unsigned char const*>(protocols.data()),
                static_cast<unsigned>(protocols.size()));
        SSL_set_fd(tls.get(), client.descriptor());
        auto const done = SSL_connect(tls.get()) == 1;
        ERR_clear_error();
        return done ? std::string{SSL_get_version(tls.get())} : "refused"s;
    };

    EXPECT_EQ(shake_hands(TLS1_VERSION, TLS1_1_VERSION, {}), "refused");
    EXPECT_EQ(shake_hands(TLS1_2_VERSION, TLS1_2_VERSION, {}), "TLSv1.2");
    EXPECT_EQ(shake_hands(TLS1_3_VERSION, TLS1_3_VERSION, {}), "TLSv1.3");
    EXPECT_EQ(shake_hands(TLS1_2_VERSION, 0, "\2h2\10http/1.1"), "TLSv1.3");
    EXPECT_EQ(shake_hands(TLS1_2_VERSION, 0, "\2h2"), "refused");
}

TEST_P(TlsTest, plain_http_is_told_so_and_anything_else_closed)
{
    start();
    Client plain{server->port()};
    plain.send(good);
    auto const answer = plain.everything();
    Client noise{server->port()};
    noise.send("\x80\x2e\x01\x03\x01");

    EXPECT_EQ(status_of(answer), 400) << answer;
    EXPECT_NE(answer.find("this port speaks HTTPS alone"), std::string::npos) << answer;
    EXPECT_NE(answer.find(close_line), std::string::npos);
    EXPECT_EQ(answer.find("Strict-Transport-Security"), std::string::npos);
    EXPECT_EQ(noise.everything(), "");
    EXPECT_EQ(deps.calls, 0);
}

TEST_P(TlsTest, a_handshake_that_does_not_end_is_ended)
{
    start();
    Client silent{server->port()};
    Client halfway{server->port()};
    halfway.send("\x16\x03\x01\x02"s);
    silent.set_timeout(20);
    halfway.set_timeout(20);
    auto const before = clock.now();

    for (auto* const client : {&silent, &halfway})
        EXPECT_TRUE(advance_until(seconds{1}, [&] { return !client->receive() && client->ended; }));

    EXPECT_LE(clock.now() - before, seconds{40});
    EXPECT_EQ(silent.seen + halfway.seen, "");
    EXPECT_NE(metrics.text().find("hermod_net_tls_handshakes_failed_total 2"), std::string::npos);
}

TEST_P(TlsTest, a_drain_does_not_wait_for_a_handshake)
{
    start();
    Client const silent{server->port()};
    while (server->connections() == 0) { }

    EXPECT_TRUE(server->drain(seconds{10}));
}

TEST_P(TlsTest, the_end_of_a_connection_is_said)
{
    start();
    auto client = connect();
    client.send("GET /hello/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    auto refused = connect();
    refused.send("nonsense\r\n\r\n");

    EXPECT_EQ(status_of(client.everything()), 200);
    EXPECT_TRUE(client.closed_cleanly);
    EXPECT_EQ(status_of(refused.everything()), 400);
    EXPECT_TRUE(refused.closed_cleanly);
}

TEST_P(TlsTest, one_record_may_hold_many_requests_and_one_request_many_records)
{
    start();
    auto client = connect();
    std::string many;
    for (int i = 0; i < 200; ++i)
        many += "GET /hello/n HTTP/1.1\r\nHost: h\r\n\r\n";
    client.send(many);
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(status_of(client.answer()), 200);

    for (auto const c : good)
        client.send({&c, 1});
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_P(TlsTest, a_peer_that_breaks_tls_is_dropped)
{
    start();
    auto client = connect();
    client.send(good);
    EXPECT_EQ(status_of(client.answer()), 201);

    auto const garbage = "\x17\x03\x03\x00\x20"s + std::string(32, 'x');
    ::send(client.descriptor(), garbage.data(), garbage.size(), MSG_NOSIGNAL);

    EXPECT_EQ(client.everything(), "");
    EXPECT_TRUE(client.ended);
    EXPECT_TRUE(server->drain(seconds{5}));
}

}
}
