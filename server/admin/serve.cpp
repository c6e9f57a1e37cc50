#include "admin/commands.hpp"
#include "app/app.hpp"
#include "app/folder.hpp"
#include "base/log.hpp"

namespace hermod::admin {

void serve(app::Config const& config)
{
    log::configure(config.log.format, config.log.level);
    app::make_folder(config.data_dir, "data_dir");
    app::serve(config);
}

}
