#pragma once

#include "people/merge_store.hpp"

namespace hermod::people {

/// Moves the first of what the merge, or its undoing, has to move; adds the job for the rest where
/// there is more than one transaction should carry.
void move_some(db::Tx& tx, MergeFollower const& follower, store::MergeRow const& merge);

}
