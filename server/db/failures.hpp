#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace hermod::db {

/// A statement broke a constraint of the schema. It ends its λ even where the λ catches it:
/// PostgreSQL reports it only after the λ has ended, so no λ may live on it.
class ConstraintViolation : public std::exception {
public:
    explicit ConstraintViolation(std::string detail) : detail_(std::move(detail)) { }
    char const* what() const noexcept override { return detail_.c_str(); }

private:
    std::string detail_; ///< names the columns or the constraint, never a value
};

/// The database cannot be used as it is: in use by another process, newer than this binary, not a
/// database. One line for the operator.
class OpenFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}
