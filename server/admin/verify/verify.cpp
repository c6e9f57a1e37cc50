#include "admin/verify/verify.hpp"

#include "admin/commands.hpp"
#include "admin/verify/check.hpp"
#include "app/open_database.hpp"
#include "workspaces/workspaces.hpp"

#include <fmt/format.h>

#include <ostream>

namespace hermod::admin {

static constexpr std::int64_t page = 200;
static constexpr seconds between_reports{5};

namespace {

class Verification {
public:
    Verification(db::Inspector& inspector, Clock& clock, std::ostream& out, std::ostream& progress)
        : inspector_(inspector), clock_(clock), out_(out), progress_(progress)
    {
    }

    Verified run()
    {
        for (auto const& fault : inspector_.file_faults())
            tell("the file of the database: " + fault);
        inspector_.read_global([&](db::GlobalTx const& tx) {
            for (auto const& check : global_checks())
                for (auto const& line : findings_of(tx, check))
                    tell(line);
        });
        for (auto some = next_page(); !some.empty(); some = next_page())
            for (auto const& workspace : some)
                look_at(workspace);
        return result_;
    }

private:
    std::vector<WorkspaceId> next_page()
    {
        std::vector<WorkspaceId> some;
        inspector_.read_global(
            [&](db::GlobalTx const& tx) { some = workspaces::list_after(tx, last_, page); });
        if (!some.empty())
            last_ = some.back();
        return some;
    }

    void look_at(WorkspaceId const& workspace)
    {
        inspector_.read(workspace, [&](db::Tx const& tx) {
            for (auto const& check : checks_) {
                for (auto const& line : findings_of(tx, check))
                    tell(workspace.str() + ' ' + line);
                report(workspace);
            }
        });
        ++result_.workspaces;
    }

    void tell(std::string const& line)
    {
        ++result_.findings;
        out_ << line << '\n';
    }

    void report(WorkspaceId const& workspace)
    {
        if (clock_.steady() < next_report_)
            return;
        next_report_ = clock_.steady() + between_reports;
        progress_ << fmt::format("{} workspaces checked, {} findings; now at {}\n",
            result_.workspaces, result_.findings, workspace.str())
                  << std::flush;
    }

    db::Inspector& inspector_;
    Clock& clock_;
    std::ostream& out_;
    std::ostream& progress_;
    std::vector<Check> const checks_ = all_checks();
    WorkspaceId last_;
    Clock::Steady next_report_ = clock_.steady() + between_reports;
    Verified result_;
};

}

Verified verify_database(
    db::Inspector& inspector, Clock& clock, std::ostream& out, std::ostream& progress)
{
    return Verification{inspector, clock, out, progress}.run();
}

bool verify(app::Config const& config, std::ostream& out, std::ostream& err)
{
    Clock clock;
    auto const inspector = app::inspect_database(config, clock);
    auto const [workspaces, findings] = verify_database(*inspector, clock, out, err);
    err << fmt::format("{} workspaces checked, {} findings\n", workspaces, findings);
    return findings == 0;
}

}
