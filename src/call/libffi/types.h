// TypeTable types -> libffi's descriptions, for types that libffi can express or can be made to.
#pragma once

#include <ffi.h>

#include <deque>
#include <string>
#include <vector>

#include "base/result.h"
#include "ctype/spell.h"

namespace ferry::call {

// A function signature as libffi sees it. Owns every ffi_type that the cif points to; neither moves
// nor changes after prepare().
class FfiSignature {
 public:
  FfiSignature() = default;
  FfiSignature(const FfiSignature&) = delete;
  FfiSignature& operator=(const FfiSignature&) = delete;

  // Lowers a function type and the variadic arguments of one call. Errors, by name: what libffi has no
  // type for, or passes wrongly.
  Result<void> prepare(const TypeTable& types, TypeId function, std::span<const TypeId> extra);

  ffi_cif* cif() const { return &cif_; }
  unsigned argument_bytes() const { return argument_bytes_; }
  // Of each C argument: its index in the cif, or kNotPassed (an empty record).
  static constexpr uint32_t kNotPassed = ~uint32_t{0};
  const std::vector<uint32_t>& positions() const { return positions_; }
  // Signatures with equal keys behave alike.
  std::string key() const;

 private:
  struct Node {
    ffi_type type;
    std::vector<ffi_type*> elements;
  };

  Result<ffi_type*> lower(const TypeTable& types, TypeId id, CallConv conv, bool is_result);
  Result<ffi_type*> lower_by_plan(const TypeTable& types, TypeId id, CallConv conv, bool is_result);
  Result<ffi_type*> lower_i386(const TypeTable& types, TypeId id, CallConv conv, bool is_result);
  Result<ffi_type*> lower_arm(const TypeTable& types, TypeId id, CallConv conv, bool is_result);
  Result<ffi_type*> lower_by_structure(const TypeTable& types, TypeId id, int depth);
  ffi_type* structure(uint64_t size, uint32_t align, std::vector<ffi_type*> elements);
  ffi_type* bytes(uint64_t size, uint32_t align);

  std::deque<Node> nodes_;
  std::vector<ffi_type*> args_;
  std::vector<uint32_t> positions_;
  ffi_type* result_ = nullptr;
  unsigned argument_bytes_ = 0;
  mutable ffi_cif cif_{};  // libffi's functions take it non-const, and do not change it
};

// libffi's convention for `conv` on this host. Error: it has none.
Result<ffi_abi> ffi_abi_of(CallConv conv);

}  // namespace ferry::call
