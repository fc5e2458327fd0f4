// Views, contractions, generators, compositions of the table: values, special values and gradients of float32, values of
// other dtypes.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("views, generators and compositions of float32", "[cpu][table]") {
    try_rows<part::general, 128, 146, dtype::float32, 2>();
    try_rows<part::general, 146, 149, dtype::float32, 100, 0>();
    try_rows<part::general, 149, 400, dtype::float32, 1>();
}
TEST_CASE("views, generators and compositions of other dtypes", "[cpu][table]") {
    try_rows<part::general, 128, 400, dtype::float64, 1, 0>();
    try_rows<part::general, 128, 400, dtype::int64, 1, 0>();
    try_rows<part::general, 128, 400, dtype::boolean, 1, 0>();
}

}  // namespace
}  // namespace kiln::testing
