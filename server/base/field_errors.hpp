#pragma once

#include "base/errors.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermod {

/// Collects what is wrong and where, while a codec reads.
class FieldErrors {
public:
    void add(std::string message);
    bool empty() const { return errors_.empty(); }
    std::vector<FieldError> take() { return std::move(errors_); }

    class Scope {
    public:
        Scope(FieldErrors& errors, std::string_view name);
        Scope(FieldErrors& errors, std::size_t index);
        ~Scope() { errors_.path_.resize(length_); }
        Scope(Scope const&) = delete;
        Scope& operator=(Scope const&) = delete;

    private:
        FieldErrors& errors_;
        std::size_t length_;
    };

private:
    std::string path_;
    std::vector<FieldError> errors_;
};

}
