#pragma once

#include "people/people.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// What a workspace says of its people's attributes: a declared one has a type, which every write
/// is held to; others are taken as they come, or, where the workspace is strict, refused.
namespace hermod::people {

/// `date` is a day (2026-11-21) or a time (RFC 3339); `list` holds texts, numbers and booleans.
enum class AttributeType { text, number, boolean, date, list };
BOOST_DESCRIBE_ENUM(AttributeType, text, number, boolean, date, list)

struct AttributeDefinition {
    std::string key;
    AttributeType type = AttributeType::text;
    std::optional<std::string> description;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(AttributeDefinition, (), (key, type, description, created_at, updated_at))
FieldTexts field_texts(AttributeDefinition const*);

struct AttributeSettings {
    bool strict = false; ///< attributes that are not declared are refused
};
BOOST_DESCRIBE_STRUCT(AttributeSettings, (), (strict))
FieldTexts field_texts(AttributeSettings const*);

struct AttributeTombstone {
    std::string key;
    Timestamp deleted_at;
};
BOOST_DESCRIBE_STRUCT(AttributeTombstone, (), (key, deleted_at))
FieldTexts field_texts(AttributeTombstone const*);

struct AttributeEvent {
    AttributeDefinition attribute;
};
BOOST_DESCRIBE_STRUCT(AttributeEvent, (), (attribute))
FieldTexts field_texts(AttributeEvent const*);

struct AttributeDeletedEvent {
    AttributeTombstone attribute;
};
BOOST_DESCRIBE_STRUCT(AttributeDeletedEvent, (), (attribute))
FieldTexts field_texts(AttributeDeletedEvent const*);

struct AttributeSettingsEvent {
    AttributeSettings attribute_settings;
};
BOOST_DESCRIBE_STRUCT(AttributeSettingsEvent, (), (attribute_settings))
FieldTexts field_texts(AttributeSettingsEvent const*);

inline constexpr events::Type<AttributeEvent> attribute_updated{
    "attribute.updated", "people", "An attribute of people was declared, or declared anew."};
inline constexpr events::Type<AttributeDeletedEvent> attribute_deleted{
    "attribute.deleted", "people", "An attribute is declared no longer; people keep their values."};
inline constexpr events::Type<AttributeSettingsEvent> attribute_settings_updated{
    "attribute_settings.updated", "people", "What the workspace takes as attributes changed."};

/// What the workspace declares, read once for the writes of a transaction.
struct AttributeRules {
    std::map<std::string, AttributeType, std::less<>> types;
    bool strict = false;
};
AttributeRules attribute_rules(db::Tx const& tx);

/// What is wrong with a value for this type; nothing where it fits. null fits all.
std::optional<std::string> misfit(AttributeType type, json::value const& value);

/// Throws invalid_body with each wrong one at `attributes.<key>`.
void require_valid_attributes(db::Tx const& tx, std::optional<Attributes> const& attributes);

// Use cases.

struct SetAttribute {
    AttributeType type = AttributeType::text;
    std::optional<Text<1, 500>> description;
};
BOOST_DESCRIBE_STRUCT(SetAttribute, (), (type, description))
FieldTexts field_texts(SetAttribute const*);

struct UpdateAttributeSettings {
    std::optional<bool> strict;
};
BOOST_DESCRIBE_STRUCT(UpdateAttributeSettings, (), (strict))
FieldTexts field_texts(UpdateAttributeSettings const*);

struct AttributeSet {
    AttributeDefinition attribute;
    bool created = false;
};

/// In order of their keys.
Task<std::vector<AttributeDefinition>> list_attributes(Deps& deps, Caller const& caller);
/// Values that people have already are not looked at; the next write of theirs is.
Task<AttributeSet> set_attribute(
    Deps& deps, Caller const& caller, std::string const& key, SetAttribute const& command);
Task<void> delete_attribute(Deps& deps, Caller const& caller, std::string const& key);
Task<AttributeSettings> attribute_settings(Deps& deps, Caller const& caller);
Task<AttributeSettings> update_attribute_settings(
    Deps& deps, Caller const& caller, UpdateAttributeSettings const& command);

void add_attribute_routes(net::Router& router, Deps& deps);

}
