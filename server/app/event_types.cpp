#include "app/features.hpp"
#include "people/attributes.hpp"

namespace hermod::app {

events::Catalogue all_event_types()
{
    events::Catalogue catalogue;
    catalogue.add(accounts::account_state);
    catalogue.add(conversations::conversation_created);
    catalogue.add(conversations::conversation_updated);
    catalogue.add(conversations::conversation_deleted);
    catalogue.add(conversations::participant_added);
    catalogue.add(conversations::participant_removed);
    catalogue.add(conversations::receipt_updated);
    catalogue.add(conversations::own_view_updated);
    catalogue.add(messages::message_created);
    catalogue.add(messages::message_updated);
    catalogue.add(messages::message_deleted);
    catalogue.add(messages::message_status);
    catalogue.add(messages::reaction_added);
    catalogue.add(messages::reaction_removed);
    catalogue.add(people::attribute_updated);
    catalogue.add(people::attribute_deleted);
    catalogue.add(people::attribute_settings_updated);
    catalogue.add(people::import_finished);
    catalogue.add(people::person_created);
    catalogue.add(people::person_updated);
    catalogue.add(people::person_merged);
    catalogue.add(people::person_unmerged);
    catalogue.add(people::person_deleted);
    catalogue.add(webhooks::webhook_created);
    catalogue.add(webhooks::webhook_updated);
    catalogue.add(webhooks::webhook_disabled);
    catalogue.add(webhooks::webhook_deleted);
    catalogue.add(webhooks::webhook_test);
    catalogue.add(workspaces::workspace_updated);
    return catalogue;
}

}
