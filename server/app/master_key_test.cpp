#include "app/master_key.hpp"
#include "app/open_database.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace hermod::app {
namespace {

class MasterKeyTest : public testing::Test {
protected:
    MasterKeyTest()
    {
        char pattern[] = "/tmp/hermod-key-XXXXXX";
        folder_ = mkdtemp(pattern);
        auto const config = load_config(std::nullopt, {{"HERMOD_DATA_DIR", folder_}}).config;
        migrate_database(config, clock_);
        database_ = open_database(config, clock_, metrics_);
    }
    ~MasterKeyTest() override
    {
        database_->close();
        std::filesystem::remove_all(folder_);
    }

    /// Why a start with this ring is refused, or nothing.
    std::string refusal(std::string const& ring)
    {
        auto const keyring = Keyring::parse(ring);
        try {
            run_blocking(io_, [&] { return require_master_key(*database_, keyring); });
        } catch (ConfigError const& error) {
            return error.what();
        }
        return {};
    }

    Clock clock_;
    Metrics metrics_;
    std::string folder_;
    asio::io_context io_{1};
    std::unique_ptr<db::Database> database_;
};

TEST_F(MasterKeyTest, another_key_of_the_same_name_is_refused_and_leaves_nothing)
{
    auto const right = Keyring::generate_line("k1");

    EXPECT_EQ(refusal(right), "");
    auto const wrong = refusal(Keyring::generate_line("k1"));
    EXPECT_TRUE(wrong.starts_with("this master key does not open what the database holds"))
        << wrong;
    EXPECT_EQ(refusal(right), "");
}

TEST_F(MasterKeyTest, a_key_that_sealed_stays_in_the_ring)
{
    auto const first = Keyring::generate_line("k1");
    auto const second = Keyring::generate_line("k2");
    EXPECT_EQ(refusal(first), "");

    EXPECT_TRUE(refusal(second).contains("no key of this name")) << refusal(second);
    EXPECT_EQ(refusal(first), "") << "what was refused left its mark";
    EXPECT_EQ(refusal(second + "\n" + first), "");
    EXPECT_TRUE(refusal(first).contains("the master key k2")) << refusal(first);
    EXPECT_EQ(refusal(first + "\n" + second), "");
}

}
}
