// goto where Lua has another: for 5.1, which has none: loops that run once and are left by `break` for jumps forward,
// loops that are run again for jumps backward. The parser reports blocks, labels and jumps; what is to be changed is
// known at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "translate/edits.h"

namespace ferry::translate {

class Jumps {
 public:
  enum class BlockKind : uint8_t { function, plain, loop, repeat };
  enum class StatementKind : uint8_t { other, local, empty, label, last };  // last: return or break

  void open_block(BlockKind kind);
  // At the word that ends it. Its number, for end_loop.
  uint32_t close_block(uint32_t at);
  // Of the loop that has the body: where its statement ends, and for `repeat` where its `until` ends; `rank` is that of
  // edits there, within what is put around the loop.
  void end_loop(uint32_t body, uint32_t until_end, uint32_t end, uint32_t rank);

  // `in_parentheses`: it begins with one, so that it goes on with a statement in front of it that has no end.
  void statement(uint32_t at, bool in_parentheses);
  // Of the statement reported last.
  void classify(StatementKind kind) { blocks_[current_].statements.back().kind = kind; }
  // `written`: what the name becomes, itself if it may stay.
  void label(uint32_t at, uint32_t end, std::string_view name, std::string_view written);
  void jump(uint32_t at, uint32_t end, std::string_view name, std::string_view written, uint32_t line);
  void leave(uint32_t at, uint32_t end, bool is_last);

  // False: *error says what is wrong.
  bool finish(Edits* edits, std::string* error);
  // Instead, for 5.4 and later, where a label must not have the name of one of a block around it that stands before it:
  // such get another name, as do those whose name is none there.
  void rename(Edits* edits);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  // In one block. Each is a loop or two, and Lua allows 200 levels of them.
  static constexpr size_t kMaxRegions = 150;

  struct Statement {
    uint32_t at;
    StatementKind kind;
    bool in_parentheses;
  };
  // Statements [first, last) of a block that become the body of a loop.
  struct Region {
    uint32_t first;
    uint32_t last;  // kNone: up to the block's end
    uint32_t label;
    uint32_t block;
    bool backward;
    uint32_t last_jump = 0;  // the last statement that jumps backward
    bool guarded = false;    // what stands in front of the label is run the first time only
    bool has_flag;
    uint32_t number;                  // of its flag
    bool breaks = false;              // has a flag for the program's own `break`s
    std::vector<std::string> checks;  // flags that lead on to an outer loop
  };
  struct Block {
    BlockKind kind;
    uint32_t parent;
    uint32_t parent_statement;
    uint32_t end = 0;
    uint32_t until_end = 0;
    uint32_t loop_end = 0;
    uint32_t loop_rank = 0;
    std::vector<Statement> statements;
    std::vector<uint32_t> labels;
    std::vector<uint32_t> regions;
    std::vector<std::string> checks;  // of a loop: flags to be looked at behind it
  };
  struct Label {
    uint32_t at, end;
    std::string_view name, written;
    uint32_t block, statement;
    uint32_t forward = kNone;  // its regions
    uint32_t backward = kNone;
  };
  struct Goto {
    uint32_t at, end;
    std::string_view name, written;
    uint32_t line, block, statement;
    uint32_t target = kNone;  // region
  };
  struct Break {
    uint32_t at, end;
    uint32_t block, statement;
    bool is_last;
  };

  uint32_t find_label(const Block& block, std::string_view name) const;
  uint32_t find_label_around(uint32_t block, std::string_view name) const;
  bool find_targets(std::string* error);
  void nest(Block& block);
  bool enters_local(const Goto& jump, const Label& label, uint32_t from) const;
  uint32_t add_region(uint32_t label, uint32_t first, bool backward);
  bool encloses(const Region& a, const Region& b) const;
  // Regions of `block` around its statement, from the inside out.
  std::vector<uint32_t> around(const Block& block, uint32_t statement) const;
  void connect_goto(Goto& jump, Edits* edits);
  void connect_break(const Break& leave, Edits* edits);
  void emit(Block& block, Edits* edits);
  std::string opening(const Region& region) const;
  std::string closing(const Region& region) const;
  static std::string flag(const Region& region) { return "__ferry_g" + std::to_string(region.number); }
  static std::string break_flag(const Region& region) { return "__ferry_b" + std::to_string(region.number); }

  std::vector<Block> blocks_;
  std::vector<Label> labels_;
  std::vector<Goto> gotos_;
  std::vector<Break> breaks_;
  std::vector<Region> regions_;
  uint32_t current_ = kNone;
};

}  // namespace ferry::translate
