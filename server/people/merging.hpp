#pragma once

#include "events/events.hpp"
#include "jobs/jobs.hpp"
#include "people/people.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// Two people that turn out to be one become one, and can be told apart again. The merged person
/// stays as an alias: its id, its external id and its addresses stand for the survivor.
namespace hermod::people {

struct PersonMergedEvent {
    Person person; ///< the survivor, as they are now
    PersonId merged_person_id;
};
BOOST_DESCRIBE_STRUCT(PersonMergedEvent, (), (person, merged_person_id))
FieldTexts field_texts(PersonMergedEvent const*);

struct PersonUnmergedEvent {
    Person person; ///< who is a person of their own again
    PersonId survivor_person_id;
    std::vector<PersonId> aliases; ///< those whose ids stand for them again
};
BOOST_DESCRIBE_STRUCT(PersonUnmergedEvent, (), (person, survivor_person_id, aliases))
FieldTexts field_texts(PersonUnmergedEvent const*);

inline constexpr events::Type<PersonMergedEvent> person_merged{"person.merged", "people",
    "A person was merged into another, whom the merged person's id stands for from now on."};
inline constexpr events::Type<PersonUnmergedEvent> person_unmerged{"person.unmerged", "people",
    "A merge was undone: the merged person is one of their own again."};

/// One merge of two people; `id` is the offset of its person.merged.
struct Merge {
    std::int64_t id = 0;
    PersonId survivor;
    PersonId merged;
};

/// What else a person has, and that follows them. Implemented in conversations/, passed in by app/.
class MergeFollower {
public:
    virtual ~MergeFollower() = default;
    /// Gives the survivor at most `limit` of the merged person's places. Returns how many: fewer
    /// than `limit` means that all are moved.
    virtual std::int64_t follow(db::Tx& tx, Merge const& merge, std::int64_t limit) const = 0;
    /// The way back, for what `follow` moved.
    virtual std::int64_t go_back(db::Tx& tx, Merge const& merge, std::int64_t limit) const = 0;
};

/// Whom the id stands for: itself, or the person it was merged into.
PersonId survivor_of(db::Tx const& tx, PersonId const& id);
/// Every id that stands for a person who is no alias: theirs, and those of who was merged into
/// them.
std::vector<PersonId> ids_of(db::Tx const& tx, PersonId const& person);

// Use cases.

/// The other person: who is merged away, or comes back.
struct MergePerson {
    PersonId person_id;
};
BOOST_DESCRIBE_STRUCT(MergePerson, (), (person_id))
FieldTexts field_texts(MergePerson const*);

/// `survivor` takes over what the other person has. Where both ids stand for one person already,
/// nothing changes. In the caller's transaction, so that a route can remember its answer.
Person merge_people(db::Tx& tx, MergeFollower const& follower, PersonId const& survivor,
    MergePerson const& command);
/// Undoes the merge of the other person into `survivor`, as far as the survivor still has what
/// came with it. Returns the person that is one of their own again.
Person unmerge_person(db::Tx& tx, MergeFollower const& follower, PersonId const& survivor,
    MergePerson const& command);

/// Moves what a merge, or its undoing, left to be moved.
class MergeWorker final : public jobs::Worker {
public:
    MergeWorker(db::Database& db, MergeFollower const& follower) : db_(db), follower_(follower) { }

    std::string_view kind() const override { return "follow_merge"; }
    Task<jobs::Ended> run(jobs::Claimed const& job) override;
    /// Each step is recorded with what it moved.
    Task<jobs::Ended> recover(jobs::Claimed const& job) override { return run(job); }

private:
    db::Database& db_;
    MergeFollower const& follower_;
};

struct MergeDeps {
    db::Database& database;
    MergeFollower const& follower;
};

void add_merge_routes(net::Router& router, MergeDeps& deps);

}
