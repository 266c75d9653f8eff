// Entry of the planner: finds the convention, checks the types, hands over to the ABI's file.
#include "abi/plan.h"

#include "abi/builder.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

// Values must have one size, known now.
Result<void> check_value(const TypeTable& types, TypeId id, bool is_result) {
  const Type& t = types[id];
  if (t.kind == Kind::void_ && is_result) return {};
  if ((t.flags & kIncomplete) != 0 || t.kind == Kind::void_ || t.kind == Kind::none) {
    return refuse(types, id, "the type is incomplete");
  }
  if ((t.flags & kVariable) != 0) return refuse(types, id, "its size is variable");
  if (t.kind == Kind::array || t.kind == Kind::function) return refuse(types, id, "only a pointer to it can be");
  const Arch arch = types.target().arch;
  if (arch != Arch::x86_64 && arch != Arch::i386 && arch != Arch::aarch64 && is_bit_int(t) && t.size > 8) {
    return refuse(types, id, "how it travels on this processor is not known");
  }
  return {};
}

Error no_plan(const TypeTable& types, CallConv conv) {
  return Error{"no call plan for convention " + std::string(convention_name(conv)) + " on " +
               std::string(types.target().name)};
}

Result<void> run_planner(const TypeTable& types, CallPlan& plan, std::span<const TypeId> args, TypeId result) {
  plan.args.reserve(args.size());
  plan.word = info(plan.abi).word;
  plan.stack_align = info(plan.abi).stack_align;
  Builder builder(types, plan);
  Result<void> done = info(plan.abi).planner(builder, args, result);
  builder.finish();
  return done;
}

}  // namespace

Result<CallPlan> plan_call(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  if (types[function].kind != Kind::function) return Error{"'" + spell(types, function) + "' is not a function type"};
  const Function& f = types.function(function);
  CallPlan plan;
  plan.abi = abi_of(types.target(), f.conv);
  if (f.variadic) plan.abi = info(plan.abi).variadic;
  plan.variadic = f.variadic;
  plan.fixed_params = static_cast<uint32_t>(f.params.size());
  if (plan.abi == Abi::none) return no_plan(types, f.conv);
  if (!extra.empty() && !f.variadic) return Error{"too many arguments for '" + spell(types, function) + "'"};

  std::vector<TypeId> args;
  args.reserve(f.params.size() + extra.size());
  for (const Param& param : f.params) args.push_back(param.type);
  args.insert(args.end(), extra.begin(), extra.end());
  for (TypeId id : args) {
    if (Result<void> ok = check_value(types, id, false); !ok) return ok.error();
  }
  if (Result<void> ok = check_value(types, f.result, true); !ok) return ok.error();

  if (Result<void> done = run_planner(types, plan, args, f.result); !done) return done.error();
  return plan;
}

Result<CallPlan> plan_value(const TypeTable& types, TypeId type, CallConv conv, bool as_result) {
  CallPlan plan;
  plan.abi = abi_of(types.target(), conv);
  if (plan.abi == Abi::none) return no_plan(types, conv);
  if (Result<void> ok = check_value(types, type, as_result); !ok) return ok.error();
  std::vector<TypeId> args;
  if (!as_result) args.push_back(type);
  plan.fixed_params = static_cast<uint32_t>(args.size());
  Result<void> done = run_planner(types, plan, args, as_result ? type : scalar_type(Scalar::void_));
  if (!done) return done.error();
  return plan;
}

}  // namespace ferry::abi
