// Elementwise operations of float32: values, special values, gradients; the second half of the table.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("elementwise rows of float32, the second half", "[cpu][table]") {
    try_rows<part::elementwise, 62, 70, dtype::float32>();
    try_rows<part::elementwise, 70, 82, dtype::float32>();
    try_rows<part::elementwise, 82, 400, dtype::float32>();
}

}  // namespace
}  // namespace kiln::testing
