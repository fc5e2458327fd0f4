// Elementwise operations of integers and bool.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("elementwise rows of int8", "[cpu][table]") {
    try_rows<part::elementwise, 0, 400, dtype::int8>();
}
TEST_CASE("elementwise rows of int32", "[cpu][table]") {
    try_rows<part::elementwise, 0, 400, dtype::int32>();
}
TEST_CASE("elementwise rows of uint64", "[cpu][table]") {
    try_rows<part::elementwise, 0, 400, dtype::uint64>();
}
TEST_CASE("elementwise rows of boolean", "[cpu][table]") {
    try_rows<part::elementwise, 0, 400, dtype::boolean>();
}

}  // namespace
}  // namespace kiln::testing
