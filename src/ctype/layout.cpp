// Struct and union layout for every Target. Knows no Lua and no syntax.
//
// Three families of rules, all measured against compilers (tests/abi/layout_*):
//   sysv   psABI 3.1.2 as gcc does it: a bit-field may not span more alignment units of its declared type
//          than the type itself has; unnamed bit-fields do not align the record.
//   aapcs  AAPCS64 8.1.8, AAPCS32 8.1.7: the same, but unnamed and zero-width ones align the record, too.
//   msvc   A run of bit-fields whose types have one size shares units of that size; any other member,
//          or `:0` directly after a bit-field, ends the run. `ms_struct` asks for it elsewhere.
//
// The storage unit of a bit-field (Field::offset, bit_offset): the unit of the declared type's size that
// starts at a multiple of that size and holds all its bits, which is what LuaJIT reports; where no such unit
// does (packed records, 64-bit fields on i386) the unit starts at the byte that holds the first bit.
// The unit may reach beyond the record's end when it is packed, and bits may lie in a ninth byte:
// so bit-fields are accessed by read_bits and write_bits only.
#include "ctype/layout.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/round.h"
#include "ctype/layout_i386.h"

namespace ferry {

namespace {

// The element of nested arrays, or the type itself.
const Type& innermost(const TypeTable& types, TypeId id) {
  while (types[id].kind == Kind::array) id = types[id].base;
  return types[id];
}

// The alignment that an attribute on the type (a typedef's or its elements') asks for; 0: none.
uint32_t explicit_alignment(const TypeTable& types, TypeId id) {
  const Type* t = &types[id];
  while (t->kind == Kind::array && types[t->base].align == t->align) t = &types[t->base];
  return t->align != types[t->canonical].align ? t->align : 0;
}

// The natural alignment of the scalars within a member: what neither packing nor attributes change.
uint32_t scalar_alignment(const TypeTable& types, TypeId id) {
  const Type& t = innermost(types, id);
  return is_record(t) ? types.record(t.canonical).scalar_align : types[t.canonical].align;
}

class Layout {
 public:
  Layout(const TypeTable& types, bool is_union, const RecordAttributes& attributes)
      : types_(types),
        is_union_(is_union),
        attributes_(attributes),
        microsoft_(types.target().layout == RecordLayout::msvc),
        // Microsoft's compiler ignores a pack above the size of a pointer.
        pack_(microsoft_ && attributes.pack > types.target().pointer_size ? 0 : attributes.pack),
        limit_(types.target().pointer_size == 4 ? uint64_t{0x7fffffff} : kMaxObjectSize) {}

  Result<RecordShape> run(std::vector<Field>& fields) {
    for (Field& f : fields) {
      const uint64_t previous_end = is_union_ ? std::exchange(position_, 0) : 0;
      const Type& t = types_[f.type];
      if (attributes_.ms_struct && !microsoft_) {
        ms_struct_member(f, t, &f == &fields.back());
      } else if (microsoft_) {
        f.is_bitfield() ? msvc_bitfield(f, t) : msvc_member(f, t);
      } else {
        f.is_bitfield() ? sysv_bitfield(f, t) : sysv_member(f, t);
      }
      note(f, t);
      position_ = std::max(position_, previous_end);
      if (position_ > limit_ * 8) return too_large();
    }
    shape_.align = std::max({shape_.align, attributes_.align, uint32_t{1}});
    if (microsoft_) {
      // Explicit alignments reach the record however it is packed (__declspec(align)); one on the record
      // itself makes all of its alignment explicit.
      shape_.align = std::max(shape_.align, shape_.required_align);
      if (attributes_.align != 0) shape_.required_align = shape_.align;
    }
    shape_.size = round_up(round_up(position_, 8) / 8, shape_.align);
    if (shape_.size > limit_) return too_large();
    if (types_.target().arch == Arch::i386 && !microsoft_) {
      lower_on_i386(types_, fields, is_union_, attributes_, shape_);
    }
    return shape_;
  }

 private:
  static Error too_large() { return Error{"size is too large"}; }

  bool packed(const Field& f) const { return attributes_.packed || f.packed; }

  uint32_t capped(uint32_t align) const { return pack_ != 0 ? std::min(align, pack_) : align; }

  void align_record(uint32_t align) { shape_.align = std::max(shape_.align, align); }

  // --- sysv and aapcs ---------------------------------------------------------------------------

  // gcc: `packed` drops the type's alignment, attributes of its typedef included; the member's own attribute
  // stays, and otherwise can only raise. #pragma pack lowers even that.
  void sysv_member(Field& f, const Type& t) {
    const uint32_t align = capped(std::max(packed(f) ? 1 : t.align, f.align));
    position_ = round_up(position_, uint64_t{align} * 8);
    align_record(align);
    f.offset = position_ / 8;
    position_ += t.size * 8;
  }

  // gcc gives up the bit-field for an ordinary member (layout_decl) where it takes all of an integer that may lie where
  // the fields before it end. What the member is aligned to, bytes; 0: it stays one. clang has none, nor has Apple's
  // layout.
  uint32_t integer_alignment(const Field& f) const {
    const uint32_t size = f.bit_width / 8;
    if (f.bit_width % 8 != 0 || !std::has_single_bit(size) || types_.target().os == Os::darwin) return 0;
    const uint32_t align = std::min<uint32_t>(size, types_.target().max_align);
    const uint64_t known = position_ & (~position_ + 1);  // of the position; 0: the start
    if ((align > 1 && packed(f)) || (known != 0 && known < uint64_t{align} * 8)) return 0;
    const bool lowered = f.align == 0 && types_.target().arch == Arch::i386;
    return lowered ? std::min(align, 4U) : align;
  }

  void sysv_bitfield(Field& f, const Type& t) {
    const bool aligns_record = f.name != kNoName || types_.target().layout == RecordLayout::aapcs;
    const uint64_t unit = uint64_t{t.align} * 8;
    if (f.bit_width == 0) {
      // gcc: a zero-width bit-field is not influenced by packing.
      position_ = round_up(position_, std::max<uint64_t>(unit, uint64_t{f.align} * 8));
      if (aligns_record) align_record(std::max(t.align, f.align));
      place(f, t);
      return;
    }
    const uint32_t integer = integer_alignment(f);
    if (f.align != 0) position_ = round_up(position_, uint64_t{capped(f.align)} * 8);
    if (!packed(f) && pack_ == 0 && integer == 0) {
      // A typedef aligned to more than its size spans none: such a field always starts a unit.
      const uint64_t spanned = (position_ % unit + f.bit_width + unit - 1) / unit;
      if (spanned > t.size * 8 / unit) position_ = round_up(position_, unit);
    }
    if (aligns_record) {
      uint32_t align = t.align;
      if (pack_ != 0) {
        align = capped(align);
      } else if (packed(f)) {
        align = 1;
      }
      align_record(std::max({align, capped(integer), f.align != 0 ? capped(f.align) : 1}));
    }
    place(f, t);
    position_ += f.bit_width;
  }

  // --- msvc -------------------------------------------------------------------------------------

  // Packing lowers the natural alignment only, explicit ones hold.
  uint32_t msvc_alignment(const Field& f, const Type& t) {
    uint32_t required = std::max(f.align, explicit_alignment(types_, f.type));
    uint32_t align = t.align;
    if (f.is_bitfield()) {
      align = std::max(align, required);
    } else {
      const Type& inner = innermost(types_, f.type);
      if (is_record(inner)) required = std::max(required, types_.record(inner.canonical).required_align);
      shape_.required_align = std::max(shape_.required_align, required);
    }
    align = capped(align);
    if (packed(f)) align = 1;
    return std::max(align, required);
  }

  void msvc_member(Field& f, const Type& t) {
    const uint32_t align = msvc_alignment(f, t);
    end_run();
    position_ = round_up(position_, uint64_t{align} * 8);
    align_record(align);
    f.offset = position_ / 8;
    position_ += t.size * 8;
  }

  void msvc_bitfield(Field& f, const Type& t) {
    if (f.bit_width == 0) {
      // Ignored unless it ends a run.
      if (run_size_ != 0) {
        const uint32_t align = msvc_alignment(f, t);
        end_run();
        if (is_union_) {
          position_ = t.size * 8;
        } else {
          position_ = round_up(position_, uint64_t{align} * 8);
          align_record(align);
        }
      }
      place(f, t);
      return;
    }
    const uint64_t bits = t.size * 8;
    if (is_union_) {
      run_size_ = t.size;  // so that a following `:0` has something to end
      place(f, t);
      position_ = bits;
      return;
    }
    if (run_size_ == t.size && f.bit_width <= run_left_) {
      f.offset = run_start_ / 8;
      f.bit_offset = static_cast<uint8_t>(bits - run_left_);
      run_left_ -= f.bit_width;
      return;
    }
    const uint32_t align = msvc_alignment(f, t);
    end_run();
    position_ = round_up(position_, uint64_t{align} * 8);
    align_record(align);
    run_size_ = t.size;
    run_start_ = position_;
    run_left_ = bits - f.bit_width;
    f.offset = position_ / 8;
    f.bit_offset = 0;
    position_ += bits;  // the whole unit is taken at once
  }

  void end_run() { run_size_ = 0; }

  // --- ms_struct elsewhere ----------------------------------------------------------------------

  // gcc's rendering of Microsoft's rules: runs as there, but packing, unions, and a run's end are gcc's own.
  // In contrast to msvc, only the last member's unit is padded to its full size, and a run's unused bits are
  // taken when it ends.
  void ms_struct_member(Field& f, const Type& t, bool last) {
    const bool bitfield = f.is_bitfield();
    const bool is_packed = packed(f);
    const uint64_t type_bits = t.size * 8;
    const uint64_t bits = bitfield ? f.bit_width : type_bits;
    // Not what the i386 psABI lowers it to within records.
    const uint64_t type_align = uint64_t{unlowered_alignment(types_, f.type)} * 8;
    uint64_t wanted =
        bitfield ? std::max<uint64_t>(1, uint64_t{integer_alignment(f)} * 8) : uint64_t{is_packed ? 1 : t.align} * 8;
    wanted = capped_bits(std::max<uint64_t>(wanted, uint64_t{f.align} * 8));

    if (!bitfield || (bits != 0 ? !is_packed : run_size_ != 0 && run_width_ != 0)) {
      const uint64_t align = !bitfield && is_packed ? wanted : std::max(type_align, wanted);
      align_record(static_cast<uint32_t>(capped_bits(align) / 8));
    }
    if (is_union_) {
      place_or_put(f, t);
      position_ += bits;
      return;
    }

    const bool misaligned = position_ % wanted != 0;
    const uint64_t previous_size = run_size_;
    const uint64_t previous_width = run_width_;
    bool continues = false;  // a bit-field precedes whose type decides whether a new run starts
    if (previous_size == 0) {
      if (misaligned) position_ = round_up(position_, wanted);
    } else {
      bool realign = misaligned;
      continues = previous_width != 0;
      if (bitfield && bits != 0 && previous_width != 0 && t.size == previous_size) {
        if (run_left_ < bits) {
          position_ += run_left_;
          run_left_ = type_bits - bits;
          run_width_ = bits;
        } else {
          run_left_ -= bits;
          realign = false;
        }
      } else {
        if (previous_width != 0) position_ += run_left_;
        if (!bitfield || bits == 0) end_run();
      }
      if (realign) position_ = round_up(position_, wanted);
    }
    if (!bitfield || (continues ? t.size != previous_size : bits != 0)) {
      run_left_ = type_bits - bits;
      position_ = round_up(position_, capped_bits(is_packed ? 8 : type_align));
      end_run();
    }
    place_or_put(f, t);
    if (bitfield && run_size_ == 0) {
      run_size_ = t.size;
      run_width_ = bits;
    }
    position_ += bits;
    if (bitfield && bits != 0 && last) position_ += run_left_;
  }

  uint64_t capped_bits(uint64_t align) const { return pack_ != 0 ? std::min(align, uint64_t{pack_} * 8) : align; }

  void place_or_put(Field& f, const Type& t) const {
    if (f.is_bitfield()) {
      place(f, t);
    } else {
      f.offset = position_ / 8;
    }
  }

  // --- both -------------------------------------------------------------------------------------

  // Chooses the storage unit of a bit-field at position_; see the top of this file.
  void place(Field& f, const Type& t) const {
    const uint64_t unit = t.size * 8;
    uint64_t start = position_ / unit * unit;
    if (position_ + f.bit_width > start + unit) start = position_ / 8 * 8;
    f.offset = start / 8;
    f.bit_offset = static_cast<uint8_t>(position_ - start);
  }

  // What the record inherits from its members.
  void note(const Field& f, const Type& t) {
    if ((t.quals & kConst) != 0 || (t.flags & kHasConst) != 0) shape_.has_const = true;
    if (f.is_bitfield()) {
      if (f.bit_width != 0) shape_.has_bitfields = true;
      return;
    }
    // Only the last member can be of these (of a union any): complete_record has seen to it, except for a
    // record with a flexible array, which gcc allows in the middle, too.
    const bool flexible = (t.kind == Kind::array && t.count == kFlexible) || (t.flags & kHasFlexible) != 0;
    shape_.has_flexible = flexible || (is_union_ && shape_.has_flexible);
    if ((t.flags & kVariable) != 0) shape_.variable = true;
    const uint32_t natural = scalar_alignment(types_, f.type);
    shape_.scalar_align = std::max(shape_.scalar_align, natural);
    const Type& inner = innermost(types_, f.type);
    if (f.offset % natural != 0 || (is_record(inner) && types_.record(inner.canonical).unaligned_fields)) {
      shape_.unaligned_fields = true;
    }
  }

  const TypeTable& types_;
  const bool is_union_;
  const RecordAttributes& attributes_;
  const bool microsoft_;
  const uint32_t pack_;
  const uint64_t limit_;
  RecordShape shape_;
  uint64_t position_ = 0;  // in bits
  uint64_t run_size_ = 0;  // bytes of the unit of the current run of bit-fields; 0: none
  uint64_t run_start_ = 0;
  uint64_t run_left_ = 0;   // bits
  uint64_t run_width_ = 0;  // of the bit-field that started the run (ms_struct_member)
};

}  // namespace

Result<RecordShape> layout_record(const TypeTable& types, std::vector<Field>& fields, bool is_union,
                                  const RecordAttributes& attributes) {
  return Layout(types, is_union, attributes).run(fields);
}

}  // namespace ferry
