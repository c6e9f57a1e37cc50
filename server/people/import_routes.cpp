#include "net/router.hpp"
#include "people/imports.hpp"

namespace hermod::people {

static Task<net::Reply> post_import(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::accepted(co_await import_people(deps, caller, request.body_as<ImportPeople>()));
}

static Task<net::Reply> get_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await get_import(deps, caller, request.path_id<ImportId>("import_id")));
}

static Task<net::Reply> get_errors(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await list_import_errors(deps, caller,
        request.path_id<ImportId>("import_id"), request.query_as<ListImportErrors>()));
}

void add_import_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "people"};
    routes.post<ImportPeople, PersonImport>("/api/v1/people/import", post_import)
        .summary("Import people from CSV")
        .describe("The first row names the columns: external_id, name, phone, email, whatsapp, "
                  "attributes.<key>, or what `mapping` says. A row's person is found by external "
                  "id, else phone, else e-mail address, and made where there is none; empty cells "
                  "change nothing. The answer is the import, which is worked off in the "
                  "background: ask for it, or wait for `import.finished`. At most 20,000 rows and "
                  "4 MB.")
        .scope("people:write")
        .status(202)
        .max_body(3 * max_import_bytes)
        .fails_with({Errc::limit_reached, Errc::idempotency_key_reused});
    routes.get<PersonImport>("/api/v1/people/imports/{import_id}", get_one)
        .summary("Get an import and how far it is")
        .describe("Kept for 30 days after its end.")
        .scope("people:read")
        .fails_with({Errc::import_not_found});
    routes.get<net::Page<ImportError>>("/api/v1/people/imports/{import_id}/errors", get_errors)
        .summary("List what was wrong with rows of an import")
        .scope("people:read")
        .query<ListImportErrors>()
        .fails_with({Errc::import_not_found, Errc::invalid_cursor});
}

}
