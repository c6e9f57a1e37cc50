// Asio is compiled once, here; Boost.JSON comes as a library, Beast is in net/beast_src.cpp.
#include <boost/asio/impl/src.hpp>
