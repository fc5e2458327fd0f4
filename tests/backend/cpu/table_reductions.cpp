// Reductions of the table: values, special values and gradients of float32, values of other dtypes.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("reductions of float32", "[cpu][table]") {
    try_rows<part::general, 82, 98, dtype::float32, 2>();
    try_rows<part::general, 104, 128, dtype::float32, 1>();
}
TEST_CASE("reductions of other dtypes", "[cpu][table]") {
    try_rows<part::general, 82, 128, dtype::float64, 1, 0>();
    try_rows<part::general, 82, 112, dtype::int16, 1, 0>();
    try_rows<part::general, 82, 128, dtype::boolean, 1, 0>();
}

}  // namespace
}  // namespace kiln::testing
