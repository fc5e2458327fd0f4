// The variables of a session in a safetensors file, with their names as keys.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kiln/core/error.hpp"
#include "kiln/io/safetensors.hpp"
#include "kiln/run/stored_variable.hpp"
#include "kiln/version.hpp"

namespace kiln::io {

/// What `restore` does with keys and variables that do not match by themselves.
struct restore_options {
    std::map<std::string, std::string> rename = {};   // a key of the file -> the name of its variable
    bool partial = false;                             // restore what is on both sides, leave the rest alone
};

/// What `restore` found. Only a partial restore leaves variables out or passes keys over.
struct restored {
    std::vector<std::string> missing;      // variables that the file does not have
    std::vector<std::string> unexpected;   // keys of the file that the session does not have
    file_metadata metadata;
};

namespace detail {

template <class S>
concept has_variables = requires(S& s) {
    std::span<const stored_variable>(s.rows());
    s.hash().lo;
};

inline std::size_t bytes_of(const stored_variable& v) {
    return static_cast<std::size_t>(*bytes_of(v.shape, size_of(v.type)));
}

inline void save_variables(const std::filesystem::path& path, std::span<const stored_variable> variables,
                           const file_metadata& metadata) {
    std::string without_value;
    std::vector<named_array> arrays;
    for (const stored_variable& v : variables) {
        if (!*v.initialized) without_value += (without_value.empty() ? "" : ", ") + in_quotes(v.name);
        arrays.emplace_back(v.name, v.type, v.shape,
                            std::span(static_cast<const unsigned char*>(v.data), detail::bytes_of(v)));
    }
    if (!without_value.empty())
        throw uninitialized_error("\"" + path.string() +
                                  "\": expected to save variables that have values, but these have none: " + without_value);
    save_safetensors(path, arrays, metadata);
}

/// Restores `variables` from the bytes of a safetensors file: all of them, or throws and changes none.
inline restored restore_variables(const std::filesystem::path& path, std::span<const unsigned char> file,
                                  std::span<const stored_variable> variables, const restore_options& options) {
    safetensors_contents contents = decode_safetensors(file, path);
    restored result;
    std::string problems;
    const auto complain = [&](const std::string& what) { problems += (problems.empty() ? "" : "; ") + what; };

    // The keys under the names of their variables.
    for (const auto& [key, name] : options.rename)
        if (!contents.tensors.contains(key)) complain("no key " + in_quotes(key) + " to be renamed to " + in_quotes(name));
    std::map<std::string, const safetensors_entry*> found;
    for (const auto& [key, entry] : contents.tensors) {
        const auto renamed = options.rename.find(key);
        const std::string& name = renamed == options.rename.end() ? key : renamed->second;
        if (!found.try_emplace(name, &entry).second) complain("two keys for " + in_quotes(name));
    }

    std::vector<std::pair<const stored_variable*, const safetensors_entry*>> matched;
    for (const stored_variable& v : variables) {
        const auto at = found.find(v.name);
        if (at == found.end()) {
            result.missing.push_back(v.name);
            if (!options.partial) complain("missing " + in_quotes(v.name));
            continue;
        }
        const safetensors_entry& entry = *at->second;
        if (entry.type->type != v.type || !std::ranges::equal(entry.shape, v.shape))
            complain(in_quotes(v.name) + " is " + entry.text() + ", not " + text_of(v.type, v.shape));
        else matched.emplace_back(&v, &entry);
        found.erase(at);
    }
    for (const auto& [name, entry] : found) {
        result.unexpected.push_back(name);
        if (!options.partial) complain("unexpected " + in_quotes(name));
    }
    if (problems.empty() && matched.empty() && !variables.empty()) complain("no variable of the session is in it");
    if (!problems.empty()) file_error(path, "expected the variables of the session, but: " + problems);

    for (const auto& [v, entry] : matched) {
        copy_bytes(entry->bytes, v->data);
        *v->initialized = true;
    }
    result.metadata = std::move(contents.metadata);
    return result;
}

}  // namespace detail

/// Writes all variables of a session to a safetensors file, the whole file or none of it, with their names as keys. The
/// metadata get kiln's version ("kiln_version") and the hash of the graph of the variables ("kiln_graph"). Throws
/// `uninitialized_error`, which names them, where variables have no value, and `io_error` where the file cannot be written.
template <detail::has_variables S>
void save(const std::filesystem::path& path, S& session, file_metadata metadata = {}) {
    const auto hash = session.hash();
    char digits[33];
    std::snprintf(digits, sizeof digits, "%016llx%016llx", static_cast<unsigned long long>(hash.hi),
                  static_cast<unsigned long long>(hash.lo));
    metadata["kiln_version"] = version;
    metadata["kiln_graph"] = digits;
    detail::save_variables(path, session.rows(), metadata);
}

/// Reads the variables of a session from a safetensors file, whoever wrote it. Throws `io_error`, and changes nothing, where
/// it is not one whole such file or does not hold exactly the variables of the session: all that is missing, unexpected, or
/// of another dtype or shape is in one message. With `{.partial = true}` missing and unexpected are no errors, but at least
/// one variable has to be there. `{.rename = {{"old", "new"}}}` gives the key "old", which has to be in the file, to the
/// variable "new".
template <detail::has_variables S>
restored restore(const std::filesystem::path& path, S& session, const restore_options& options = {}) {
    return detail::restore_variables(path, read_file(path), session.rows(), options);
}

}  // namespace kiln::io
