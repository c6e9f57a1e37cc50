#pragma once

#include "app/config.hpp"

#include <iosfwd>
#include <string>
#include <vector>

/// One function per command of the binary; each throws what ends it.
namespace hermod::admin {

void serve(app::Config const& config);
void migrate(app::Config const& config, std::ostream& out);
/// Whether what is stored is as it must be; what is not is told on `out`.
bool verify(app::Config const& config, std::ostream& out, std::ostream& err);
void print_config(app::LoadedConfig const& loaded, std::ostream& out);

struct BackupRequest {
    std::string file;
    bool force = false;
};
/// Copies the embedded database into a file, also while a server runs.
void backup(app::Config const& config, BackupRequest const& request, std::ostream& err);
/// Puts a backup in the place of the embedded database, on which no server runs.
void restore(app::Config const& config, BackupRequest const& request, std::ostream& err);
/// Holds back what would be sent, and lets it go; also of a server that runs.
void hold(app::Config const& config, std::ostream& out);
void resume(app::Config const& config, std::ostream& out);
void status(app::Config const& config, std::ostream& out);
/// What `restore` does with the database, where it was restored by other means.
void restored(app::Config const& config, std::ostream& out);

/// A new line for the key ring, which goes first in the file to make it the key that seals.
void print_new_master_key(std::string const& id, std::ostream& out);

struct WorkspaceRequest {
    std::string email;
    std::string name;
    std::string workspace;
};
/// A login with its workspace; the password is the first line of `in`, as a command line is seen by
/// everyone on the machine.
void create_workspace(app::Config const& config, WorkspaceRequest const& request, std::istream& in,
    std::ostream& out);

struct ApiKeyRequest {
    std::string workspace; ///< its id
    std::string name;
    std::vector<std::string> scopes;
    bool test = false;
};
/// Prints the plain key, which is shown this once.
void create_api_key(app::Config const& config, ApiKeyRequest const& request, std::ostream& out);

}
