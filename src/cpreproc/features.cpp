// The tables behind __has_attribute and its like (features.h): what gcc 12 and clang 14 say.
#include "cpreproc/features.h"

#include <algorithm>
#include <iterator>
#include <span>

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
// Functions that both compilers know by their plain names, as far as headers ask.
constexpr std::string_view kBuiltinFunctions[] = {
    "abort",   "abs",      "alloca",  "calloc",    "ceil",     "cos",     "exit",    "exp",     "fabs",    "floor",
    "fprintf", "fputs",    "free",    "isalpha",   "isdigit",  "isspace", "labs",    "ldexp",   "llabs",   "log",
    "malloc",  "memchr",   "memcmp",  "memcpy",    "memmove",  "memset",  "pow",     "printf",  "putchar", "puts",
    "sin",     "snprintf", "sprintf", "sqrt",      "stpcpy",   "strcat",  "strchr",  "strcmp",  "strcpy",  "strcspn",
    "strdup",  "strlen",   "strncat", "strncmp",   "strncpy",  "strndup", "strpbrk", "strrchr", "strspn",  "strstr",
    "tolower", "toupper",  "vprintf", "vsnprintf", "vsprintf",
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
  constexpr std::string_view kNotOfGcc[] = {
      "__builtin_addressof",        "__builtin_assume",          "__builtin_available",    "__builtin_bit_cast",
      "__builtin_bitreverse16",     "__builtin_bitreverse32",    "__builtin_bitreverse64", "__builtin_bitreverse8",
      "__builtin_debugtrap",        "__builtin_elementwise_abs", "__builtin_launder",      "__builtin_operator_new",
      "__builtin_readcyclecounter", "__builtin_rotateleft16",    "__builtin_rotateleft32", "__builtin_rotateleft64",
      "__builtin_rotateright32",    "__builtin_unpredictable",
  };
  constexpr std::string_view kNotOfClang[] = {
      "__builtin_has_attribute",
      "__builtin_speculation_safe_value",
      "__builtin_va_arg_pack",
      "__builtin_va_arg_pack_len",
  };
  constexpr std::string_view kOfNeither[] = {
      "__builtin_clzg",      "__builtin_counted_by_ref",  "__builtin_ctzg",          "__builtin_is_constant_evaluated",
      "__builtin_popcountg", "__builtin_source_location", "__builtin_stdc_bit_ceil", "__builtin_va_list",
  };
  if (starts_with(name, "__sync_") || starts_with(name, "__atomic_")) return true;
  if (!starts_with(name, "__builtin_")) return in(kBuiltinFunctions, name);
  if (in(kOfNeither, name)) return false;
  return profile == Profile::gcc ? !std::count(std::begin(kNotOfGcc), std::end(kNotOfGcc), name)
                                 : !in(kNotOfClang, name);
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
