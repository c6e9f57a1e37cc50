#pragma once

#include "app/config.hpp"
#include "net/pipeline.hpp"

namespace hermod::app {

net::PipelineOptions pipeline_options(Config const& config);
net::HttpOptions http_options(Config const& config, net::TlsIdentity const* tls);

}
