// A trace for Vampir, Score-P's tools and other readers of OTF2; where the build has its library.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tool/top.hpp"
#include "weir/error.hpp"

#ifdef WEIR_OTF2
#include <otf2/otf2.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>
#endif

namespace weir::detail::tool {

namespace fs = std::filesystem;
using nlohmann::json;

#ifdef WEIR_OTF2

namespace {

void check(OTF2_ErrorCode code, const fs::path& folder) {
  if (code == OTF2_SUCCESS) return;
  throw Error(ErrorKind::io, folder.string() + " cannot be written (" + OTF2_Error_GetDescription(code) +
                                 "); --otf2 names another folder");
}

OTF2_FlushType flush_before(void*, OTF2_FileType, OTF2_LocationRef, void*, bool) { return OTF2_FLUSH; }
OTF2_TimeStamp time_after(void*, OTF2_FileType, OTF2_LocationRef) { return 0; }

struct Block {
  std::uint64_t start_us, length_us;
  std::uint32_t region;
};
using Rows = std::map<std::uint64_t, std::vector<Block>>;  // a thread each

Rows rows_of(const json& stream) {
  Rows rows;
  for (const json& block : stream.at("blocks")) {
    const double start = block.at(1).get<double>();
    const auto start_us = static_cast<std::uint64_t>(std::max(0.0, start));
    rows[block.at(0).get<std::uint64_t>()].push_back(
        {start_us, block.at(2).get<std::uint64_t>(), block.at(5).get<std::uint32_t>()});
  }
  for (auto& [row, blocks] : rows)
    std::sort(blocks.begin(), blocks.end(),
              [](const Block& a, const Block& b) { return a.start_us < b.start_us; });
  return rows;
}

/// What a thread did; times do not run backwards, whatever clocks said.
std::uint64_t write_events(OTF2_Archive* archive, const fs::path& folder, std::uint64_t location,
                           const std::vector<Block>& blocks) {
  OTF2_EvtWriter* const events = OTF2_Archive_GetEvtWriter(archive, location);
  std::uint64_t now = 0;
  for (const Block& block : blocks) {
    now = std::max(now, block.start_us);
    check(OTF2_EvtWriter_Enter(events, nullptr, now, block.region), folder);
    now = std::max(now, block.start_us + block.length_us);
    check(OTF2_EvtWriter_Leave(events, nullptr, now, block.region), folder);
  }
  check(OTF2_Archive_CloseEvtWriter(archive, events), folder);
  return now;
}

void write_definitions(OTF2_Archive* archive, const fs::path& folder, const json& record, const Rows& rows,
                       std::uint64_t end_us) {
  OTF2_GlobalDefWriter* const writer = OTF2_Archive_GetGlobalDefWriter(archive);
  OTF2_StringRef strings = 0;
  const auto text = [&](const std::string& words) {
    check(OTF2_GlobalDefWriter_WriteString(writer, strings, words.c_str()), folder);
    return strings++;
  };
  constexpr std::uint64_t ticks_per_s = 1'000'000;
  check(OTF2_GlobalDefWriter_WriteClockProperties(writer, ticks_per_s, 0, end_us, OTF2_UNDEFINED_TIMESTAMP),
        folder);
  const OTF2_StringRef nothing = text("");
  const json& stream = record.at("task_stream");
  const json& functions = stream.at("functions");
  for (std::uint32_t i = 0; i < functions.size(); ++i) {
    const OTF2_StringRef name = text(functions[i].get<std::string>());
    check(OTF2_GlobalDefWriter_WriteRegion(writer, i, name, name, nothing, OTF2_REGION_ROLE_TASK,
                                           OTF2_PARADIGM_USER, OTF2_REGION_FLAG_NONE, nothing, 0, 0),
          folder);
  }
  const json& program = record.at("picture").at("program");
  const OTF2_StringRef host = text(program.at("host").get<std::string>()), kind = text("node");
  check(OTF2_GlobalDefWriter_WriteSystemTreeNode(writer, 0, host, kind, OTF2_UNDEFINED_SYSTEM_TREE_NODE),
        folder);
  check(OTF2_GlobalDefWriter_WriteLocationGroup(writer, 0, text(program.at("name").get<std::string>()),
                                                OTF2_LOCATION_GROUP_TYPE_PROCESS, 0,
                                                OTF2_UNDEFINED_LOCATION_GROUP),
        folder);
  const std::uint64_t first_row = stream.at("first_row").get<std::uint64_t>();
  for (const auto& [row, blocks] : rows) {
    const std::string name = row >= first_row && row - first_row < stream.at("rows").size()
                                 ? stream.at("rows").at(row - first_row).get<std::string>()
                                 : "thread " + std::to_string(row);
    check(OTF2_GlobalDefWriter_WriteLocation(writer, row, text(name), OTF2_LOCATION_TYPE_CPU_THREAD,
                                             2 * blocks.size(), 0),
          folder);
  }
}

}  // namespace

void write_otf2(const json& record, const fs::path& folder) {
  if (fs::exists(folder))
    throw Error(ErrorKind::io,
                "--otf2: the folder must not be there yet (got " + folder.string() + "); name a new one");
  const Rows rows = rows_of(record.at("task_stream"));
  constexpr std::uint64_t chunk = 1 << 20, definitions = 4 << 20;
  const std::unique_ptr<OTF2_Archive, OTF2_ErrorCode (*)(OTF2_Archive*)> archive(
      OTF2_Archive_Open(folder.c_str(), "traces", OTF2_FILEMODE_WRITE, chunk, definitions,
                        OTF2_SUBSTRATE_POSIX, OTF2_COMPRESSION_NONE),
      OTF2_Archive_Close);
  if (!archive) throw Error(ErrorKind::io, folder.string() + " cannot be made; --otf2 names another folder");
  OTF2_FlushCallbacks flush{};
  flush.otf2_pre_flush = flush_before;
  flush.otf2_post_flush = time_after;
  check(OTF2_Archive_SetFlushCallbacks(archive.get(), &flush, nullptr), folder);
  check(OTF2_Archive_SetSerialCollectiveCallbacks(archive.get()), folder);
  check(OTF2_Archive_OpenEvtFiles(archive.get()), folder);
  std::uint64_t end_us = 0;
  for (const auto& [row, blocks] : rows)
    end_us = std::max(end_us, write_events(archive.get(), folder, row, blocks));
  check(OTF2_Archive_CloseEvtFiles(archive.get()), folder);
  check(OTF2_Archive_OpenDefFiles(archive.get()), folder);
  for (const auto& [row, blocks] : rows) {
    OTF2_DefWriter* const local = OTF2_Archive_GetDefWriter(archive.get(), row);
    check(OTF2_Archive_CloseDefWriter(archive.get(), local), folder);
  }
  check(OTF2_Archive_CloseDefFiles(archive.get()), folder);
  write_definitions(archive.get(), folder, record, rows, end_us);
}

#else

void write_otf2(const json&, const fs::path&) {
  throw Error(
      ErrorKind::unsupported,
      "--otf2: this weir was built without OTF2; install libopen-trace-format2-dev, run cmake and build it "
      "again, or leave --otf2 away for a trace that Perfetto and Chrome open");
}

#endif

}  // namespace weir::detail::tool
