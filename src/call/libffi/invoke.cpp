// The libffi back end: any processor that libffi knows, any type that it can be told about.
#include <atomic>
#include <bit>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>

#include "base/compiler.h"
#include "call/backends.h"
#include "call/callback_slot.h"
#include "call/libffi/library.h"
#include "call/libffi/types.h"

namespace ferry::call {
namespace {

// Offsets of slots are 32-bit.
constexpr uint64_t kMaxFrame = uint64_t{1} << 30;
// libffi copies arguments to the C stack, of which Linux gives 8 MiB by default.
constexpr uint64_t kMaxStackArea = uint64_t{1} << 20;
// Signatures of callbacks live for ever, because retired pointers still answer by them.
constexpr size_t kMaxSignatures = size_t{1} << 16;

// libffi widens results of integer types to ffi_arg. To the 8-byte slot of Invoker and CallbackHandler,
// and back.
struct IntegerResult {
  bool widened = false;
  bool is_unsigned = false;
  uint8_t size = 0;

  static IntegerResult of(const Type& t) {
    IntegerResult r;
    r.widened = (is_integer_like(t) || is_pointer_like(t)) && t.size < 8;
    r.is_unsigned = (t.flags & kUnsigned) != 0 || is_pointer_like(t);
    r.size = static_cast<uint8_t>(t.size);
    return r;
  }

  void from_ffi(void* result) const {
    if (!widened) return;
    if constexpr (std::endian::native == std::endian::big) {
      if (size < sizeof(ffi_arg)) {
        std::memmove(result, static_cast<const char*>(result) + sizeof(ffi_arg) - size, size);
      }
    }
    store_integer(result, load_integer(result, size, is_unsigned), size);
  }

  void to_ffi(void* ffi_result, const void* slot) const {
    int64_t value = load_integer(slot, size, is_unsigned);
    auto wide = static_cast<ffi_arg>(value);
    std::memcpy(ffi_result, &wide, sizeof wide);
  }
};

// frame: | values, 16-aligned, padded for reads of whole registers | void* per argument |
class LibffiInvoker final : public Invoker {
 public:
  Result<void> prepare(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
    if (Result<void> done = signature_.prepare(types, function, extra); !done) return done;
    const Function& f = types.function(function);
    uint64_t end = 0;
    auto add = [&](TypeId id) -> bool {
      const Type& t = types[id];
      if (t.size > kMaxFrame || end > kMaxFrame) return false;
      args_.push_back({static_cast<uint32_t>(end), static_cast<uint32_t>(t.size)});
      end += (t.size + 8 + 15) & ~uint64_t{15};
      return true;
    };
    bool fits = true;
    for (const Param& param : f.params) fits = fits && add(param.type);
    for (TypeId id : extra) fits = fits && add(id);
    if (!fits || signature_.argument_bytes() > kMaxStackArea) return Error{"arguments of more than 1 MiB in all"};
    pointers_ = end;
    frame_bytes_ = (end + args_.size() * sizeof(void*) + 15) & ~size_t{15};
    const Type& r = types[f.result];
    integer_ = IntegerResult::of(r);
    result_bytes_ = std::max<uint64_t>(r.size, 16);
    return {};
  }

  void invoke(CFunction function, std::byte* frame, void* result) const override {
    auto** pointers = reinterpret_cast<void**>(frame + pointers_);
    size_t passed = 0;
    for (size_t i = 0; i < args_.size(); ++i) {
      if (signature_.positions()[i] != FfiSignature::kNotPassed) pointers[passed++] = frame + args_[i].offset;
    }
    libffi().call(signature_.cif(), function, result, pointers);
    integer_.from_ffi(result);
  }

 private:
  FfiSignature signature_;
  IntegerResult integer_;
  uint64_t pointers_ = 0;
};

// The closures of one signature. Closures are never freed and never prepared anew: a retired one waits
// for the next callback of its signature, the oldest first. Lives for ever.
class ClosurePool;

struct ClosureShape {
  FfiSignature signature;
  IntegerResult integer;
  uint64_t result_size = 0;
};

struct Closure {
  CallbackSlot<ClosureShape> slot;
  ClosurePool* pool = nullptr;
  CFunction code = nullptr;
};

// libffi's code keeps the stack as C has it.
FERRY_ALIGNS_STACK void run_closure(ffi_cif* /*cif*/, void* ffi_result, void** values, void* user) {
  auto state = static_cast<const Closure*>(user)->slot.read();
  const ClosureShape& shape = *state.shape;
  size_t result_bytes = std::max<uint64_t>(shape.result_size, 16);
  // Results in memory are the caller's buffer; others may be smaller than the handler's slot.
  alignas(16) std::byte small[32] = {};
  bool direct = result_bytes > sizeof small;
  void* result = direct ? ffi_result : small;
  if (direct) std::memset(result, 0, shape.result_size);
  if (state.handler != nullptr) {
    const std::vector<uint32_t>& positions = shape.signature.positions();
    auto** args = static_cast<void**>(FERRY_ALLOCA((positions.size() + 1) * sizeof(void*)));
    for (size_t i = 0; i < positions.size(); ++i) {
      args[i] = positions[i] == FfiSignature::kNotPassed ? small : values[positions[i]];
    }
    state.handler(state.context, args, result);
  }
  if (direct || shape.result_size == 0) return;
  if (shape.integer.widened) {
    shape.integer.to_ffi(ffi_result, result);
  } else {
    std::memcpy(ffi_result, result, shape.result_size);
  }
}

class ClosurePool {
 public:
  ClosureShape shape;

  Result<Closure*> take(CallbackHandler handler, void* context) {
    std::lock_guard lock(mutex_);
    Closure* closure = nullptr;
    if (!retired_.empty()) {
      closure = retired_.front();
      retired_.pop_front();
    } else {
      void* code = nullptr;
      auto* memory = static_cast<ffi_closure*>(libffi().closure_alloc(sizeof(ffi_closure), &code));
      if (memory == nullptr) return Error{"no executable memory for a callback"};
      auto owned = std::make_unique<Closure>();
      if (libffi().prep_closure_loc(memory, shape.signature.cif(), run_closure, owned.get(), code) != FFI_OK) {
        libffi().closure_free(memory);
        return Error{"libffi cannot make a callback of this type"};
      }
      owned->pool = this;
      owned->code = reinterpret_cast<CFunction>(code);
      closure = owned.release();  // lives as long as C may hold the pointer: for ever
    }
    closure->slot.write({&shape, handler, context});
    return closure;
  }

  void mute(Closure& closure) {
    std::lock_guard lock(mutex_);
    closure.slot.write({&shape, nullptr, nullptr});
  }

  void retire(Closure& closure) {
    std::lock_guard lock(mutex_);
    closure.slot.write({&shape, nullptr, nullptr});
    try {
      retired_.push_back(&closure);
    } catch (const std::bad_alloc&) {  // it is lost; destructors call this
    }
  }

 private:
  std::mutex mutex_;
  std::deque<Closure*> retired_;
};

// The pool of all callbacks with this signature.
Result<ClosurePool*> pool_of(std::unique_ptr<ClosurePool> fresh) {
  static std::mutex mutex;
  static auto* pools = new std::map<std::string, std::unique_ptr<ClosurePool>>;  // outlives static destructors
  const ClosureShape& shape = fresh->shape;
  std::string key = shape.signature.key() + (shape.integer.widened ? "i" : "-") +
                    (shape.integer.is_unsigned ? "u" : "s") + std::to_string(shape.integer.size);
  std::lock_guard lock(mutex);
  auto found = pools->find(key);
  if (found != pools->end()) return found->second.get();
  if (pools->size() >= kMaxSignatures) return Error{"callbacks of more than 65536 different types"};
  return pools->emplace(std::move(key), std::move(fresh)).first->second.get();
}

class LibffiCallback final : public Callback {
 public:
  explicit LibffiCallback(Closure* closure) : closure_(closure) { address_ = closure->code; }
  ~LibffiCallback() override { closure_->pool->retire(*closure_); }
  LibffiCallback(const LibffiCallback&) = delete;
  LibffiCallback& operator=(const LibffiCallback&) = delete;
  void mute() override { closure_->pool->mute(*closure_); }

 private:
  Closure* closure_;
};

class LibffiBackend final : public Backend {
 public:
  std::string_view name() const override { return "libffi"; }
  Result<void> available() const override { return load_libffi(); }

  Result<std::unique_ptr<Invoker>> make_invoker(const TypeTable& types, TypeId function,
                                                std::span<const TypeId> extra) const override {
    auto invoker = std::make_unique<LibffiInvoker>();
    if (Result<void> done = invoker->prepare(types, function, extra); !done) return done.error();
    return std::unique_ptr<Invoker>(std::move(invoker));
  }

  Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                  void* context) const override {
    auto fresh = std::make_unique<ClosurePool>();
    if (Result<void> done = fresh->shape.signature.prepare(types, function, {}); !done) return done.error();
    const Function& f = types.function(function);
    if (f.variadic) return Error{"a callback cannot be variadic"};
    if (types.target().long_double == LongDouble::ibm_double_double) {
      for (const Param& param : f.params) {
        if (types[param.type].scalar == Scalar::ldouble)
          return Error{"libffi's callbacks lose half of a 'long double'"};
      }
    }
    fresh->shape.integer = IntegerResult::of(types[f.result]);
    fresh->shape.result_size = types[f.result].size;
    Result<ClosurePool*> pool = pool_of(std::move(fresh));
    if (!pool) return pool.error();
    Result<Closure*> closure = (*pool)->take(handler, context);
    if (!closure) return closure.error();
    return std::unique_ptr<Callback>(std::make_unique<LibffiCallback>(*closure));
  }
};

}  // namespace

const Backend& libffi_backend() {
  static const LibffiBackend backend;
  return backend;
}

}  // namespace ferry::call
