// What a process is given, with made-up batch systems, control groups and masks.
#include "home/grant.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace weir;
using namespace weir::detail::home;

namespace {

BatchSystem::Variables fake(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

// Of batch systems whose programs say nothing.
Grant grant(const BatchSystem::Variables& variables, const KernelView& kernel) {
  return detail::home::grant(variables, kernel,
                             [](const std::vector<std::string>&) { return std::optional<std::string>(); });
}

KernelView kernel(int cpus) {
  KernelView view;
  for (int cpu = 0; cpu < cpus; ++cpu) view.cpus.push_back(cpu);
  view.memory_bytes = 64'000'000'000;
  return view;
}

}  // namespace

TEST_CASE("grant: Slurm's allocation, less than the mask") {
  const Grant all = grant(fake({{"SLURM_JOB_ID", "12"},
                                {"SLURM_CPUS_ON_NODE", "8"},
                                {"SLURM_MEM_PER_NODE", "1000"},
                                {"SLURM_JOB_GPUS", "0-1,3"}}),
                          kernel(64));
  CHECK(all.cores.value == 8);
  CHECK(all.cores.source == "Slurm job 12");
  CHECK(all.memory_bytes.value == 1000ull * (1 << 20) / 10 * 9);
  CHECK(all.memory_bytes.source == "Slurm job 12, less a tenth");
  CHECK(all.devices.value == std::vector<std::string>{"0", "1", "3"});
  CHECK(all.devices.source == "SLURM_JOB_GPUS");
}

TEST_CASE("grant: PBS and LSF say how many cores") {
  const Grant pbs = grant(fake({{"PBS_JOBID", "7.server"}, {"NCPUS", "4"}}), kernel(16));
  CHECK(pbs.cores.value == 4);
  CHECK(pbs.cores.source == "PBS job 7.server");
  const Grant lsf = grant(fake({{"LSB_JOBID", "9"}, {"LSB_MCPU_HOSTS", "here 6 there 2"}}), kernel(16));
  CHECK(lsf.cores.value == 6);
  CHECK(lsf.cores.source == "LSF job 9");
}

// Without a task plugin the mask is the node's, and srun tells its tasks nothing of memory that it does not
// count.
TEST_CASE("grant: a job's cores are more than a node without a mask of its own has") {
  KernelView view = kernel(2);
  view.is_bound = false;
  const auto job = fake({{"SLURM_JOB_ID", "12"},
                         {"SLURM_CPUS_PER_TASK", "4"},
                         {"SLURM_CPUS_ON_NODE", "4"},
                         {"SLURM_NTASKS", "1"}});
  CHECK(grant(job, view).cores.value == 4);
  CHECK(grant(job, view).cores.source == "Slurm job 12");
  CHECK(grant(fake({}), view).cores.value == 2);
  view.is_bound = true;
  CHECK(grant(job, view).cores.value == 2);
  // The shell of salloc.
  view.is_bound = false;
  CHECK(grant(fake({{"SLURM_JOB_ID", "12"}, {"SLURM_CPUS_PER_TASK", "4"}}), view).cores.value == 4);
}

TEST_CASE("grant: the memory that was asked for, where no variable tells") {
  std::vector<std::string> asked;
  std::string answer;
  const auto memory = [&](std::map<std::string, std::string> variables, const std::string& says,
                          const KernelView& view = kernel(4)) {
    asked.clear();
    answer = says;
    return detail::home::grant(fake(std::move(variables)), view,
                               [&](const std::vector<std::string>& command) {
                                 asked = command;
                                 return std::optional(answer);
                               })
        .memory_bytes;
  };
  constexpr std::uint64_t mib = 1 << 20, node = 64'000'000'000;
  const std::map<std::string, std::string> slurm{{"SLURM_JOB_ID", "12"}, {"SLURM_CPUS_ON_NODE", "4"}};
  const auto of_node = memory(slurm, "JobId=12 MinCPUsNode=4 MinMemoryNode=600M MinTmpDiskNode=0");
  CHECK(of_node.value == 600 * mib / 10 * 9);
  CHECK(of_node.source == "Slurm job 12, less a tenth");
  CHECK(asked == std::vector<std::string>{"scontrol", "--oneliner", "show", "job", "12"});
  CHECK(memory(slurm, "JobId=12 MinMemoryCPU=300M MinTmpDiskNode=0").value == 1200 * mib / 10 * 9);
  CHECK(memory(slurm, "JobId=12 MinMemoryNode=1.50G").value == 1536 * mib / 10 * 9);
  CHECK(memory(slurm, "JobId=12 MinMemoryNode=0").value == node);
  CHECK(memory(slurm, "").source == "the node");
  const auto pbs = memory({{"PBS_JOBID", "7.server"}},
                          "Job Id: 7.server\n    Resource_List.mem = 1200mb\n    Resource_List.nodect = 2\n");
  CHECK(pbs.value == 600 * mib / 10 * 9);
  CHECK(pbs.source == "PBS job 7.server, less a tenth");
  CHECK(asked == std::vector<std::string>{"qstat", "-f", "7.server"});
  // Chunks that differ: each host has its own, and `weir run` tells the ranks of all of them.
  const std::string chunks =
      "Job Id: 7.server\n    Resource_List.mem = 7gb\n    Resource_List.nodect = 3\n"
      "    exec_host = head/0+wide1/0*4+wide2/0*\n\t4\n    exec_vnode = "
      "(head:ncpus=1:mem=1048576kb)+(wide1[0]:nc"
      "pus=2:mem=\n\t1gb:ngpus=1+wide1[1]:ncpus=2:mem=1gb)+(wide2:mem=2097152kb:ncpus=4)\n";
  const auto on = [&](const std::string& host, std::map<std::string, std::string> variables) {
    KernelView view = kernel(4);
    view.host = host;
    return memory(std::move(variables), chunks, view).value;
  };
  CHECK(on("head.cluster", {{"PBS_JOBID", "7.server"}}) == 1024 * mib / 10 * 9);
  CHECK(on("wide1", {{"PBS_JOBID", "7.server"}}) == 2048 * mib / 10 * 9);
  CHECK(on("wide2", {{"PBS_JOBID", "7.server"}}) == 2048 * mib / 10 * 9);
  CHECK(on("another", {{"PBS_JOBID", "7.server"}}) == node);
  CHECK(on("wide2", {{"WEIR_NODE_MEMORY", "head=1000000000,wide2=2000000000"}}) == 1'800'000'000);
  CHECK(on("another", {{"WEIR_NODE_MEMORY", "head=1000000000,wide2=2000000000"}}) == node);
  CHECK(on("another", {{"WEIR_NODE_MEMORY", "1000000000"}}) == 900'000'000);
  CHECK(memory({{"LSB_JOBID", "9"}}, "600 M\n").value == 600 * mib / 10 * 9);
  CHECK(memory({{"LSB_JOBID", "9"}}, "-\n").value == node);

  // Nobody is asked where it is known: of a rank, of a job in a control group, of what variables tell.
  auto rank = slurm;
  rank["OMPI_COMM_WORLD_SIZE"] = "3";
  CHECK(memory(rank, "MinMemoryNode=600M").value == node);
  KernelView group = kernel(4);
  group.quota_memory = 3'000'000'000;
  CHECK(memory(slurm, "MinMemoryNode=600M", group).source == "the control group");
  auto told = slurm;
  told["SLURM_MEM_PER_NODE"] = "100";
  CHECK(memory(told, "MinMemoryNode=600M").value == 100 * mib / 10 * 9);
  CHECK(asked.empty());
}

TEST_CASE("grant: the control group and the mask without a job") {
  KernelView view = kernel(16);
  CHECK(grant(fake({}), view).cores.source == "the affinity mask");
  view.quota_cores = 2.5;
  view.quota_memory = 3'000'000'000;
  const Grant all = grant(fake({}), view);
  CHECK(all.cores.value == 3);
  CHECK(all.cores.source == "the control group");
  CHECK(all.memory_bytes.value == 3'000'000'000);
  CHECK(all.memory_bytes.source == "the control group");
}

TEST_CASE("grant: devices by their names; none is none") {
  CHECK(grant(fake({{"CUDA_VISIBLE_DEVICES", "GPU-8f, 3"}}), kernel(1)).devices.value ==
        std::vector<std::string>{"GPU-8f", "3"});
  CHECK(grant(fake({{"CUDA_VISIBLE_DEVICES", "1,0,1"}}), kernel(1)).devices.value ==
        std::vector<std::string>{"1", "0"});
  CHECK(grant(fake({{"CUDA_VISIBLE_DEVICES", "0,-1,1"}}), kernel(1)).devices.value ==
        std::vector<std::string>{"0"});
  CHECK(grant(fake({{"CUDA_VISIBLE_DEVICES", "NoDevFiles"}, {"SLURM_JOB_GPUS", "2"}}), kernel(1))
            .devices.value.empty());
  CHECK(grant(fake({{"ROCR_VISIBLE_DEVICES", "1"}}), kernel(1)).devices.source == "ROCR_VISIBLE_DEVICES");
  CHECK(grant(fake({}), kernel(1)).devices.value.empty());
}

TEST_CASE("grant: a worker offers no devices that it has not been given") {
  using Devices = std::vector<std::string>;
  const auto settled = [](std::vector<Resource> resources, Devices devices, const std::string& source,
                          std::size_t worker = 0) {
    const std::string sentence = settle_devices(resources, devices, source, worker);
    return std::tuple(resources, devices, sentence);
  };
  using All = std::vector<Resource>;
  const std::string cuda = "CUDA_VISIBLE_DEVICES";
  CHECK(settled({}, {"5", "6"}, cuda) == std::tuple(All{{"gpu", 2}}, Devices{"5", "6"}, ""));
  CHECK(settled({{"gpu", 1}}, {"5", "6"}, cuda) == std::tuple(All{{"gpu", 1}}, Devices{"5"}, ""));
  CHECK(settled({{"gpu", 0.5}}, {"5"}, cuda) == std::tuple(All{{"gpu", 0.5}}, Devices{"5"}, ""));
  CHECK(
      settled({{"gpu", 2}}, {"5"}, cuda) ==
      std::tuple(All{{"gpu", 1}}, Devices{"5"},
                 "gpu=2: this worker has been given 1 device: 5 (CUDA_VISIBLE_DEVICES), and offers no more"));
  CHECK(
      settled({{"lic", 3}, {"gpu", 1}}, {}, cuda) ==
      std::tuple(All{{"lic", 3}}, Devices{},
                 "gpu=1: this worker has been given no devices (CUDA_VISIBLE_DEVICES), and offers no more"));
  const auto numbered = [&](double each, std::size_t worker) {
    return std::get<1>(settled({{"gpu", each}}, {}, nobody_names_devices, worker));
  };
  CHECK(numbered(1, 0) == Devices{"0"});
  CHECK(numbered(1, 1) == Devices{"1"});
  CHECK(numbered(2, 1) == Devices{"2", "3"});
  CHECK(numbered(0.5, 1) == Devices{"0"});
  CHECK(numbered(0.5, 2) == Devices{"1"});
  CHECK(numbered(0, 3).empty());
}

TEST_CASE("grant: the workers of a node have different processors and devices") {
  const auto rank = [](int number) {
    return host_rank(fake({{"OMPI_COMM_WORLD_LOCAL_SIZE", "3"},
                           {"OMPI_COMM_WORLD_LOCAL_RANK", std::to_string(number)},
                           {"OMPI_COMM_WORLD_RANK", std::to_string(number)}}));
  };
  CHECK(rank(1).workers == 2);  // rank 0 is beside them
  const Grant all = grant(fake({{"CUDA_VISIBLE_DEVICES", "4,5,6"}}), kernel(4));
  const auto first = share_of(all, kernel(4), rank(1), 2), second = share_of(all, kernel(4), rank(2), 2);
  CHECK(first.domains == std::vector<std::vector<int>>{{0, 1}});
  CHECK(second.domains == std::vector<std::vector<int>>{{2, 3}});
  CHECK(first.devices == std::vector<std::string>{"4"});
  CHECK(second.devices == std::vector<std::string>{"5", "6"});
  // More threads than processors: nothing is bound.
  CHECK(share_of(all, kernel(4), rank(1), 8).domains.empty());
  // More workers than devices: some have none, none share one.
  CHECK(share_of(all, kernel(9), {3, 4}, 1).devices.empty());
  CHECK(share_of(all, kernel(9), {2, 4}, 1).devices == std::vector<std::string>{"6"});
}

TEST_CASE("grant: processes that a cluster has started beside each other have slots") {
  const auto slot = [](const char* text) { return host_rank(fake({{"WEIR_SLOT", text}})); };
  const Grant all = grant(fake({{"CUDA_VISIBLE_DEVICES", "5,6,7"}}), kernel(4));
  const auto has = [&](HostRank rank, std::size_t each, const std::vector<std::string>& devices,
                       const std::vector<std::vector<int>>& domains) {
    rank.devices_each = each;
    const auto machine = share_of(all, kernel(4), rank, 2);
    CHECK(machine.devices == devices);
    CHECK(machine.domains == domains);
  };
  has(slot("0/2"), 0, {"5"}, {{0, 1}});
  has(slot("1/2"), 0, {"6"}, {{2, 3}});
  has(slot("2/2"), 0, {"7"}, {});  // came later, beyond the processors
  has(slot("3/2"), 0, {}, {});
  has(slot("0/1"), 0, {"5", "6", "7"}, {{0, 1}});
  has(slot("1/1"), 0, {}, {{2, 3}});
  has(slot("1/4"), 0, {"6"}, {{2, 3}});
  has(slot("1/1"), 2, {"7"}, {{2, 3}});
}

TEST_CASE("grant: nothing is bound where others may have the rest of the processors") {
  Grant all = grant(fake({}), kernel(2));
  CHECK(share_of(all, kernel(2), {}, 1).domains == std::vector<std::vector<int>>{{0, 1}});
  all.cores.value = 1;
  CHECK(share_of(all, kernel(2), {}, 1).domains.empty());
}

TEST_CASE("grant: lists of processors") {
  CHECK(cpu_list("0-2,8") == std::vector<int>{0, 1, 2, 8});
  for (const char* wrong : {"", "x", "3-", "3-1", "-1", "0-99999999", "1;2"}) CHECK(cpu_list(wrong).empty());
}

TEST_CASE("copies: what a launcher has started several times, but not what a rank has started") {
  const auto of = [](std::map<std::string, std::string> variables) {
    return copies(fake(std::move(variables)), MpiFamily::open_mpi);
  };
  CHECK(of({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}}).count == 4);
  CHECK(of({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}}).starter == "Slurm's own launcher");
  CHECK(of({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "3"}}).number == 3);
  CHECK(of({{"PMI_SIZE", "3"}, {"PMI_RANK", "2"}}).number == 2);
  CHECK(of({{"PMI_SIZE", "3"}, {"PMI_RANK", "0"}}).number == 0);
  CHECK(of({{"PMI_SIZE", "3"}, {"PMI_RANK", "0"}}).starter == "the launcher of another MPI, MPICH");
  CHECK(of({{"PMI_SIZE", "3"}, {"PMI_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "3"}}).number == 1);
  CHECK(of({{"PMI_SIZE", "3"}}).starter == "another launcher of MPI programs");
  CHECK(of({{"MV2_COMM_WORLD_SIZE", "3"}, {"MV2_COMM_WORLD_RANK", "1"}}).number == 1);
  CHECK(of({{"JSM_NAMESPACE_SIZE", "4"}}).count == 4);
  CHECK(of({{"FLUX_JOB_SIZE", "2"}, {"FLUX_TASK_RANK", "1"}}).starter == "another launcher of MPI programs");
  CHECK(of({{"FLUX_JOB_SIZE", "1"}, {"FLUX_TASK_RANK", "0"}}).count <= 1);
  CHECK(of({{"PMIX_RANK", "3"}}).number == 3);
  CHECK(of({{"PMIX_RANK", "0"}}).said == "N");
  CHECK(of({{"PMIX_RANK", "0"}, {"SLURM_JOB_ID", "7"}}).count <= 1);
  CHECK(of({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}).count <= 1);
  CHECK(of({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"OMPI_COMM_WORLD_SIZE", "8"}}).count ==
        1);
  CHECK(of({}).count <= 1);
}

TEST_CASE("copies: ranks of MPICH are none, those of Open MPI are for a program built with MPICH") {
  const auto of = [](std::map<std::string, std::string> variables) {
    return copies(fake(std::move(variables)), MpiFamily::mpich);
  };
  CHECK(of({{"PMI_SIZE", "3"}, {"PMI_RANK", "2"}}).count == 1);
  const std::map<std::string, std::string> open_mpi{
      {"OMPI_COMM_WORLD_SIZE", "3"}, {"OMPI_COMM_WORLD_RANK", "2"}, {"PMIX_RANK", "2"}};
  CHECK(of(open_mpi).count == 3);
  CHECK(of(open_mpi).number == 2);
  CHECK(of(open_mpi).starter == "the launcher of another MPI, Open MPI");
  // What a rank has started: the launcher's own variables are gone.
  CHECK(of({{"OMPI_COMM_WORLD_SIZE", "3"}, {"OMPI_COMM_WORLD_RANK", "2"}}).count == 1);
}

TEST_CASE("ranks: what each launcher calls them") {
  const auto of = [](std::map<std::string, std::string> variables, MpiFamily family) {
    const RankNames names = rank_names(fake(std::move(variables)), family);
    return names.rank + " of " + names.size + ", " + names.local_rank + " of " + names.local_size;
  };
  const std::map<std::string, std::string> hydra{
      {"PMI_RANK", "5"}, {"PMI_SIZE", "8"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "4"}};
  CHECK(of(hydra, MpiFamily::mpich) == "5 of 8, 1 of 4");
  CHECK(of(hydra, MpiFamily::open_mpi) == " of ,  of ");
  const std::map<std::string, std::string> open_mpi{{"PMIX_RANK", "2"},
                                                    {"OMPI_COMM_WORLD_RANK", "2"},
                                                    {"OMPI_COMM_WORLD_SIZE", "3"},
                                                    {"OMPI_COMM_WORLD_LOCAL_RANK", "0"},
                                                    {"OMPI_COMM_WORLD_LOCAL_SIZE", "1"}};
  CHECK(of(open_mpi, MpiFamily::open_mpi) == "2 of 3, 0 of 1");
  CHECK(of(open_mpi, MpiFamily::mpich) == " of ,  of ");
}
