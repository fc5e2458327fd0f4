// What only run time can find out is thrown as one of these; what the compiler finds is a compile error.
#pragma once
#include <stdexcept>

namespace kiln {

/// The base of everything that kiln throws. The text names the symbol or file, what was expected and what came.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An extent or a rank is not what it has to be, or a size is too large to be counted.
class shape_error : public error {
public:
    using error::error;
};

/// A value that the dtype cannot hold, or that the operation has no meaning for.
class value_error : public error {
public:
    using error::error;
};

/// A variable is read before it has a value.
class uninitialized_error : public error {
public:
    using error::error;
};

/// A file cannot be read or written, or is not what it says.
class io_error : public error {
public:
    using error::error;
};

}  // namespace kiln
