#include "app/config.hpp"
#include "app/folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace hermod::app {
namespace {

class FolderTest : public testing::Test {
protected:
    FolderTest()
    {
        char pattern[] = "/tmp/hermod-data-XXXXXX";
        folder_ = std::filesystem::path{mkdtemp(pattern)} / "a/data";
    }
    ~FolderTest() override { std::filesystem::remove_all(folder_.parent_path().parent_path()); }

    std::filesystem::path folder_;
};

TEST_F(FolderTest, a_folder_is_made_for_its_owner_alone)
{
    make_folder(folder_, "data_dir");

    auto const permissions = std::filesystem::status(folder_).permissions();
    EXPECT_EQ(permissions, std::filesystem::perms::owner_all);
    EXPECT_NO_THROW(make_folder(folder_, "data_dir"));
}

TEST_F(FolderTest, a_folder_that_cannot_be_made_is_one_line)
{
    std::filesystem::create_directories(folder_.parent_path());
    std::ofstream{folder_} << "a file";

    try {
        make_folder(folder_ / "below", "data_dir");
        FAIL() << "made a folder below a file";
    } catch (ConfigError const& error) {
        std::string const line{error.what()};
        EXPECT_TRUE(line.starts_with("data_dir: the folder ")) << line;
        EXPECT_FALSE(line.contains('\n'));
    }
}

}
}
