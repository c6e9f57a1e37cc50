#include "workspaces/audit.hpp"
#include "workspaces/workspaces.hpp"

namespace hermod::workspaces {

FieldTexts field_texts(Workspace const*)
{
    static constexpr auto texts = describe<Workspace>({
        {"id", "The workspace"},
        {"name", "What it is called"},
        {"tier", "Which limits it has"},
        {"created_at", "When it was made"},
        {"updated_at", "When it last changed"},
    });
    return texts;
}

FieldTexts field_texts(WorkspaceEvent const*)
{
    static constexpr auto texts =
        describe<WorkspaceEvent>({{"workspace", "The workspace as it is now"}});
    return texts;
}

FieldTexts field_texts(WorkspaceOfLogin const*)
{
    static constexpr auto texts = describe<WorkspaceOfLogin>({
        {"id", "The workspace"},
        {"name", "What it is called"},
        {"role", "What the login may do in it"},
        {"person_id", "Who the login is in it"},
    });
    return texts;
}

FieldTexts field_texts(UpdateWorkspace const*)
{
    static constexpr auto texts = describe<UpdateWorkspace>({{"name", "What to call it"}});
    return texts;
}

FieldTexts field_texts(AuditDetail const*)
{
    static constexpr auto texts = describe<AuditDetail>({
        {"name", "What it tells"},
        {"value", "Its value, never a secret"},
    });
    return texts;
}

}
