#pragma once

#include "net/http_transfer.hpp"
#include "net/smtp.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

namespace hermod::net {

/// Follows what client and server say, line by line, so that it is certain how far they came.
class SmtpScript {
public:
    void client_says(std::string_view line);
    void server_says(std::string_view line);
    void text_ended() { phase_ = SmtpPhase::after_data; }

    SmtpPhase phase() const { return phase_; }
    /// After the text's end its answer came: what follows changes nothing.
    bool answered() const { return answered_; }
    /// What is known now; `failure` says in our words why the dialogue ended, where it did.
    SmtpOutcome outcome(std::string_view failure) const;

private:
    SmtpPhase phase_ = SmtpPhase::connect;
    SmtpPhase replied_phase_ = SmtpPhase::connect; ///< whose the last reply was
    bool answered_ = false;
    bool over_ = false; ///< what is said after QUIT is about nothing else
    int code_ = 0;
    std::string words_; ///< of the last reply, all its lines
};

/// One dialogue, run to its end on the calling thread.
class SmtpDialogue {
public:
    /// No text: only connects and signs in.
    SmtpDialogue(AddressGuard const& guard, SmtpServer const& server, MailMessage const* message);
    SmtpDialogue(SmtpDialogue const&) = delete;
    SmtpDialogue& operator=(SmtpDialogue const&) = delete;

    /// `on_outcome` is told once, as soon as the outcome is known; the QUIT that follows may take
    /// its time. `stop` cuts the dialogue short.
    void run(std::atomic<bool> const& stop, std::function<void(SmtpOutcome)> const& on_outcome);

private:
    void set_options();
    void set_text(MailMessage const& message);
    void tell(SmtpOutcome outcome);
    /// Why it ended, for people: which server, and what is wrong with it.
    std::string failure_text(CURLcode code, bool stopped) const;
    static int on_debug(CURL* easy, curl_infotype kind, char* data, std::size_t size, void* self);
    static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self);
    static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

    GuardedSockets sockets_;
    SmtpServer const& server_;
    MailMessage const* message_;
    HeaderList recipients_;
    std::string mime_;
    std::size_t given_ = 0; ///< bytes of the text that libcurl has taken
    SmtpScript script_;
    std::atomic<bool> const* stop_ = nullptr;
    std::function<void(SmtpOutcome)> const* on_outcome_ = nullptr;
    char error_[CURL_ERROR_SIZE] = {};
    Easy easy_; // ends before what it points to
};

}
