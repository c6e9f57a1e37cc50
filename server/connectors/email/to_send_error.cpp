#include "connectors/email/email.hpp"

namespace hermod::email {

using accounts::ErrorKind;
using accounts::SendError;
using net::SmtpPhase;
using net::SmtpResult;

static constexpr std::chrono::milliseconds pause_when_paced{60'000};

/// RFC 4954: the server wants us to sign in, or otherwise than we did.
static bool is_about_signing_in(int code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

static bool is_about_size(net::SmtpOutcome const& outcome)
{
    return outcome.code == 552 || outcome.code == 523 || outcome.enhanced_code == "5.3.4";
}

static ErrorKind permanent_kind(net::SmtpOutcome const& outcome)
{
    switch (outcome.phase) {
    case SmtpPhase::connect:
    case SmtpPhase::greeting: // the server takes mail from nobody, or not from this machine
        return ErrorKind::retryable;
    case SmtpPhase::auth:
        return ErrorKind::auth;
    case SmtpPhase::mail_from: // the sender is not one this login may use
        return is_about_size(outcome) ? ErrorKind::content : ErrorKind::auth;
    case SmtpPhase::recipient:
        return ErrorKind::recipient;
    case SmtpPhase::data:
    case SmtpPhase::after_data:
        return ErrorKind::content;
    }
    return ErrorKind::content;
}

static SendError refusal(net::SmtpOutcome const& outcome)
{
    SendError error{ErrorKind::retryable, outcome.detail, std::nullopt, std::nullopt};
    if (outcome.code != 0)
        error.provider_code = std::to_string(outcome.code)
            + (outcome.enhanced_code.empty() ? "" : " " + outcome.enhanced_code);
    if (is_about_signing_in(outcome.code)
        || (outcome.phase == SmtpPhase::auth && outcome.code == 0))
        error.kind = ErrorKind::auth;
    else if (outcome.is_permanent())
        error.kind = permanent_kind(outcome);
    // 421 closes the connection for any reason; with a code of its policy it asks for less.
    if (outcome.code == 421 && outcome.enhanced_code.starts_with("4.7.")) {
        error.kind = ErrorKind::pace;
        error.retry_after = pause_when_paced;
    }
    // Greylisting, a full mailbox, a filter in doubt: the account itself is well.
    error.about_recipient =
        error.kind == ErrorKind::retryable && outcome.phase >= SmtpPhase::recipient;
    return error;
}

std::optional<SendError> to_send_error(net::SmtpOutcome const& outcome)
{
    switch (outcome.result) {
    case SmtpResult::sent:
        return std::nullopt;
    case SmtpResult::refused:
        return refusal(outcome);
    case SmtpResult::unknown:
        return SendError{ErrorKind::outcome_unknown, outcome.detail, std::nullopt, std::nullopt};
    case SmtpResult::failed:
    case SmtpResult::blocked_address:
        break;
    }
    return SendError{ErrorKind::retryable, outcome.detail, std::nullopt, std::nullopt};
}

}
