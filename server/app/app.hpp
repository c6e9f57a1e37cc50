#pragma once

#include "app/config.hpp"

#include <filesystem>

namespace hermod::app {

/// Serves until SIGINT or SIGTERM (SIGHUP reads the certificate again), then drains: no new
/// connection, running requests end, jobs in hand are written, the database is closed. Throws what
/// stops it from starting: ConfigError, db::OpenFailure, std::runtime_error, each with one line for
/// the operator.
void serve(Config const& config);

/// Writes what is generated from the code to `folder`: openapi.json, events.json, errors.json,
/// config.md, metrics.md.
void generate(std::filesystem::path const& folder);

}
