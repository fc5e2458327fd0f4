// Elementwise operations of float32 whose operands are columns, rows and numbers.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("broadcast rows of float32", "[cpu][table]") {
    try_rows<part::broadcast, 0, 25, dtype::float32>();
    try_rows<part::broadcast, 25, 60, dtype::float32, 1, 0>();
    try_rows<part::broadcast, 60, 400, dtype::float32, 1, 0>();
}

}  // namespace
}  // namespace kiln::testing
