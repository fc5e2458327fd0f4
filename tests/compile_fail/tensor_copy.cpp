// A copy of a tensor that nobody asked for.
// first: deleted
// expect: call copy\(\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
tensor<float, dynamic> user(const tensor<float, dynamic>& t) { return t; }
#else
tensor<float, dynamic> user(const tensor<float, dynamic>& t) { return t.copy(); }
#endif
