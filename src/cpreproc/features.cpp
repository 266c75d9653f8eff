// The tables behind __has_attribute and its like (features.h): what gcc 12 and clang 14 say.
#include "cpreproc/features.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>

namespace ferry::cpreproc {
namespace {

// Each list is sorted.
constexpr std::string_view kAttributesOfBoth[] = {
    "aligned",
    "alloc_align",
    "alloc_size",
    "always_inline",
    "artificial",
    "assume_aligned",
    "cdecl",
    "cleanup",
    "cold",
    "common",
    "const",
    "constructor",
    "deprecated",
    "destructor",
    "error",
    "fallthrough",
    "fastcall",
    "flatten",
    "force_align_arg_pointer",
    "format",
    "format_arg",
    "gnu_inline",
    "hot",
    "ifunc",
    "leaf",
    "malloc",
    "may_alias",
    "mode",
    "ms_abi",
    "ms_struct",
    "naked",
    "no_address_safety_analysis",
    "no_instrument_function",
    "no_profile_instrument_function",
    "no_sanitize",
    "no_sanitize_address",
    "no_sanitize_thread",
    "no_split_stack",
    "no_stack_protector",
    "nocf_check",
    "nocommon",
    "noinline",
    "nonnull",
    "noreturn",
    "nothrow",
    "objc_root_class",
    "packed",
    "patchable_function_entry",
    "pure",
    "regparm",
    "retain",
    "returns_nonnull",
    "returns_twice",
    "section",
    "sentinel",
    "stdcall",
    "sysv_abi",
    "target",
    "target_clones",
    "thiscall",
    "tls_model",
    "transparent_union",
    "unavailable",
    "uninitialized",
    "unused",
    "used",
    "vector_size",
    "visibility",
    "warn_unused",
    "warn_unused_result",
    "warning",
    "weak",
    "weakref",
};
constexpr std::string_view kAttributesOfGcc[] = {
    "access",
    "copy",
    "designated_init",
    "externally_visible",
    "gcc_struct",
    "interrupt",
    "maybe_unused",
    "no_icf",
    "no_reorder",
    "no_sanitize_undefined",
    "no_stack_limit",
    "noclone",
    "nodiscard",
    "noinit",
    "noipa",
    "nonstring",
    "noplt",
    "optimize",
    "persistent",
    "scalar_storage_order",
    "simd",
    "stack_protect",
    "symver",
    "tainted_args",
    "warn_if_not_aligned",
    "zero_call_used_regs",
};
constexpr std::string_view kAttributesOfClang[] = {
    "abi_tag",
    "acquire_capability",
    "analyzer_noreturn",
    "annotate",
    "availability",
    "blocks",
    "callback",
    "capability",
    "carries_dependency",
    "cf_returns_retained",
    "cfi_canonical_jump_table",
    "diagnose_if",
    "disable_tail_calls",
    "enable_if",
    "enum_extensibility",
    "exclusive_lock_function",
    "ext_vector_type",
    "flag_enum",
    "guarded_by",
    "init_priority",
    "internal_linkage",
    "lockable",
    "minsize",
    "musttail",
    "no_sanitize_memory",
    "no_thread_safety_analysis",
    "nodebug",
    "noderef",
    "noescape",
    "nomerge",
    "not_tail_called",
    "ns_consumed",
    "ns_returns_retained",
    "objc_bridge",
    "optnone",
    "overloadable",
    "pass_dynamic_object_size",
    "pass_object_size",
    "preserve_most",
    "pt_guarded_by",
    "scoped_lockable",
    "swift_name",
    "swiftcall",
    "type_tag_for_datatype",
    "weak_import",
};
constexpr std::string_view kFeaturesOfClang[] = {
    "assume_nonnull",
    "attribute_analyzer_noreturn",
    "attribute_availability",
    "attribute_availability_with_message",
    "attribute_cf_returns_not_retained",
    "attribute_deprecated_with_message",
    "attribute_diagnose_if_objc",
    "attribute_ext_vector_type",
    "attribute_ns_returns_not_retained",
    "attribute_overloadable",
    "attribute_unavailable_with_message",
    "attribute_unused_on_fields",
    "c_alignas",
    "c_alignof",
    "c_atomic",
    "c_generic_selections",
    "c_static_assert",
    "c_thread_local",
    "enumerator_attributes",
    "nullability",
    "nullability_nullable_result",
    "nullability_on_arrays",
    "tls",
};
// In addition to the features.
constexpr std::string_view kExtensionsOfClang[] = {
    "gnu_asm",
    "gnu_asm_goto_with_outputs",
    "overloadable_unmarked",
    "statement_attributes_with_gnu_syntax",
};
// Functions that the compilers know themselves.
enum class Who : uint8_t { gcc, clang, both };
struct Functions {
  Who who;
  bool plain;  // known by the name and by the name behind __builtin_
  std::string_view names;
};
constexpr Functions kFunctions[] = {
#define FUNCTIONS(who, plain, names) {Who::who, plain, names},
#include "cpreproc/builtins.def"
#undef FUNCTIONS
};

bool in(std::span<const std::string_view> sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::string_view without_underscores(std::string_view name) {
  if (name.size() > 4 && starts_with(name, "__") && name.substr(name.size() - 2) == "__")
    return name.substr(2, name.size() - 4);
  return name;
}

bool has_attribute(Profile profile, std::string_view name) {
  if (in(kAttributesOfBoth, name)) return true;
  return profile == Profile::gcc ? in(kAttributesOfGcc, name) : in(kAttributesOfClang, name);
}

// C23 6.10.2p7: the year and month of the attribute's text in the standard.
uint64_t has_c_attribute(Profile profile, std::string_view name) {
  if (const size_t scope = name.find("::"); scope != std::string_view::npos) {
    const std::string_view of = without_underscores(name.substr(0, scope));
    const bool known = of == "gnu" || (of == "clang" && profile != Profile::gcc);
    return known && has_attribute(profile, without_underscores(name.substr(scope + 2))) ? 1 : 0;
  }
  name = without_underscores(name);
  // clang knows the standard's attributes only when it is asked for C23.
  if (profile != Profile::gcc) return 0;
  if (name == "nodiscard") return 202003;
  return name == "deprecated" || name == "fallthrough" || name == "maybe_unused" ? 201904 : 0;
}

bool has_builtin(Profile profile, std::string_view name) {
  constexpr std::string_view kPrefix = "__builtin_";
  for (const std::string_view family : {"__sync_", "__atomic_", "__builtin_ia32_"}) {
    if (starts_with(name, family)) return true;
  }
  const std::string whole = ' ' + std::string(name) + ' ';
  const std::string plain = starts_with(name, kPrefix) ? ' ' + whole.substr(1 + kPrefix.size()) : whole;
  for (const Functions& functions : kFunctions) {
    if (functions.who == (profile == Profile::gcc ? Who::clang : Who::gcc)) continue;
    if (functions.names.find(functions.plain ? plain : whole) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

uint64_t feature_value(Profile profile, Builtin what, std::string_view name) {
  switch (what) {
    case Builtin::has_attribute:
      if (const size_t scope = name.find("::"); scope != std::string_view::npos) name.remove_prefix(scope + 2);
      return has_attribute(profile, without_underscores(name)) ? 1 : 0;
    case Builtin::has_c_attribute:
      return has_c_attribute(profile, name);
    case Builtin::has_builtin:
      return has_builtin(profile, name) ? 1 : 0;
    case Builtin::has_feature:
      return in(kFeaturesOfClang, without_underscores(name)) ? 1 : 0;
    case Builtin::has_extension:
      return in(kFeaturesOfClang, without_underscores(name)) || in(kExtensionsOfClang, without_underscores(name)) ? 1
                                                                                                                  : 0;
    case Builtin::is_identifier:
      return 1;
    default:
      return 0;
  }
}

}  // namespace ferry::cpreproc
