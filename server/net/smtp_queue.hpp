#pragma once

#include "net/smtp.hpp"

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace hermod::net {

/// The mail dialogues that wait for a thread, and which of them goes next: the more urgent, then
/// the workspace that has fewest under way, then whoever came first. No server and no workspace
/// takes more than its share, and some threads are one-time passwords' alone, so that what is slow
/// is slow for its owner. Not thread-safe.
class SmtpQueue {
public:
    struct Entry {
        MailTurn turn;
        std::string server; ///< host and port
        std::shared_ptr<SmtpClient::Dialogue> dialogue{};
    };
    static constexpr std::size_t threads = SmtpClient::max_threads;
    /// Of one server, and of one workspace; a workspace spends half of its own on one server.
    static constexpr std::size_t share = threads / 4;
    static constexpr std::size_t share_of_both = share / 2;
    /// Of all; of a share, a quarter: what only one-time passwords may use.
    static constexpr std::size_t threads_kept = threads / 8;
    static constexpr std::size_t most_checks = threads / 8;

    void add(Entry entry);
    /// The next that may run now, counted as running until `ended`.
    std::optional<Entry> take();
    void ended(Entry const& entry);

    std::size_t waiting() const { return waiting_.size(); }
    /// Forgets what waits and gives it.
    std::list<Entry> clear();

private:
    struct Load {
        std::size_t all = 0;
        std::size_t ordinary = 0; ///< other than one-time passwords
    };

    static bool has_place(Load load, std::size_t most, bool otp);
    bool may_run(Entry const& entry) const;
    std::size_t running_of(WorkspaceId const& workspace) const;
    void count(Entry const& entry, int by);

    std::list<Entry> waiting_; ///< in the order they came
    Load running_;
    std::size_t checks_ = 0;
    std::unordered_map<WorkspaceId, Load> of_workspace_;
    std::map<std::string, Load> of_server_;
    std::map<std::pair<WorkspaceId, std::string>, Load> of_both_;
};

}
