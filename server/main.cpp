#include "admin/command_line.hpp"

#include <iostream>

int main(int argc, char** argv)
{
    return hermod::admin::run_command_line(
        argc, argv, hermod::app::process_environment(), std::cin, std::cout, std::cerr);
}
