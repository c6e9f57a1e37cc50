#pragma once

#include "conversations/conversations.hpp"
#include "people/merging.hpp"

namespace hermod::conversations {

/// The survivor of a merge takes the merged person's places: the higher role, the earlier join, the
/// further cursors. A direct or external conversation of the merged person becomes the survivor's
/// where they have none of their own; else both stay, and the survivor's is the one that is found.
class MergedPeople final : public people::MergeFollower {
public:
    std::int64_t follow(db::Tx& tx, people::Merge const& merge, std::int64_t limit) const override;
    std::int64_t go_back(db::Tx& tx, people::Merge const& merge, std::int64_t limit) const override;
};

}
