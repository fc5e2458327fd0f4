// The version of the library.
#pragma once

namespace kiln {
inline constexpr const char* version = "0.1.0";
}
