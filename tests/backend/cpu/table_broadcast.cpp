// Elementwise operations of float32 whose operands are columns, rows and numbers.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("broadcast rows of float32", "[cpu][table]") {
    try_rows<part::broadcast, 0, 37, dtype::float32, 1, 0>();
    try_rows<part::broadcast, 2, 4, dtype::float32>();
    try_rows<part::broadcast, 78, 400, dtype::float32>();
}

}  // namespace
}  // namespace kiln::testing
