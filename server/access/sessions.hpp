#pragma once

#include "access/access.hpp"
#include "access/sign_in.hpp"

/// Sessions as their login sees them, and the cookie that carries one in a browser.
namespace hermod::access {

/// The answer to a browser that signs in: the session itself is in the cookie.
struct BrowserSession {
    Login login;
    std::vector<workspaces::WorkspaceOfLogin> workspaces;
    Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(BrowserSession, (), (login, workspaces, expires_at))
FieldTexts field_texts(BrowserSession const*);

struct BrowserSignIn {
    BrowserSession session;
    std::string cookie; ///< the value of Set-Cookie
};

Task<BrowserSignIn> log_in_browser(
    Deps& deps, Caller const& caller, LogIn const& command, Device const& device);

/// One session of a login.
struct Session {
    SessionId id;
    SessionMode mode = SessionMode::bearer;
    bool current = false; ///< the one that asks
    std::optional<std::string> remote_address;
    std::optional<std::string> user_agent;
    Timestamp created_at;
    Timestamp refreshed_at;
    Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(Session, (),
    (id, mode, current, remote_address, user_agent, created_at, refreshed_at, expires_at))
FieldTexts field_texts(Session const*);

/// Newest first.
Task<std::vector<Session>> list_sessions(Deps& deps, Caller const& caller);
/// Throws session_not_found where it is none of the caller's.
Task<void> end_session(Deps& deps, Caller const& caller, SessionId const& id);

/// A new password needs the old one, and ends every other session.
struct UpdateMe {
    std::optional<people::PersonName> name;
    std::optional<Password> password;
    std::optional<Text<1, 256>> old_password;
};
BOOST_DESCRIBE_STRUCT(UpdateMe, (), (name, password, old_password))
FieldTexts field_texts(UpdateMe const*);

Task<Me> update_me(Deps& deps, Caller const& caller, UpdateMe const& command);

/// `__Host-hermod`, or `hermod` where plain HTTP on loopback cannot carry that.
std::string_view cookie_name(bool plain);
std::string cookie_with(std::string_view value, seconds lifetime, bool plain);
/// The value of our cookie in a Cookie header; empty where there is none.
std::string_view cookie_in(std::string_view header, bool plain);

}
