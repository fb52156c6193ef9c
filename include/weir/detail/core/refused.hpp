// How the compiler is made to say our sentence at the user's call, once, and nothing that follows from it.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

/// Before the result of a function that nobody should call: the compiler says the sentence at the call, with
/// the types of the template. (An `unavailable` template clang would refuse twice, at first without types.)
/// The function has a body, or else GCC complains of local types that it is called with.
#ifdef __clang__
#define WEIR_REFUSES(sentence)                                                          \
  _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wgcc-compat\"") \
      __attribute__((diagnose_if(true, sentence, "error"))) _Pragma("clang diagnostic pop")
#else
#define WEIR_REFUSES(sentence) __attribute__((unavailable(sentence)))
#endif
/// The same of a free function, of which GCC says it twice: `WEIR_REFUSAL(Name, sentence)` before it, instead
/// of WEIR_REFUSES `WEIR_REFUSES_FREE`, and a last parameter `Name<T> = {}`, whose constructor GCC refuses
/// once.
#ifdef __clang__
#define WEIR_REFUSES_FREE(sentence) WEIR_REFUSES(sentence)
#define WEIR_REFUSES_BY_DEFAULT(sentence)
#else
#define WEIR_REFUSES_FREE(sentence)
#define WEIR_REFUSES_BY_DEFAULT(sentence) WEIR_REFUSES(sentence)
#endif
#define WEIR_REFUSAL(name, sentence)            \
  template <class T>                            \
  struct name {                                 \
    WEIR_REFUSES_BY_DEFAULT(sentence) name() {} \
  };
/// A member that is called otherwise here, or is a function of its own.
#define WEIR_INSTEAD(name, sentence)         \
  template <class... A>                      \
  WEIR_REFUSES("weir: " #name ": " sentence) \
  detail::Refused name(const A&...) const {  \
    return {};                               \
  }

namespace weir::detail {

/// Stands for the result of a call that was refused, whatever it would have been, so that the compiler says
/// nothing more of what is done with it.
struct Refused {
  template <class T>
  requires(!std::is_reference_v<T>) operator T() const { __builtin_unreachable(); }
  template <class... A>
  Refused operator()(const A&...) const {
    return {};
  }
  template <class I>
  const Refused& operator[](const I&) const {
    return *this;
  }
  const Refused& operator*() const { return *this; }
  const Refused* operator->() const { return this; }
  const Refused* begin() const { return this; }
  const Refused* end() const { return this; }
  template <class Stream>
  friend Stream& operator<<(Stream& stream, const Refused&) {
    return stream;
  }

// What futures, streams, bags, frames, arrays and what comes of them can be asked for.
#define WEIR_ANY(name)              \
  template <class... A>             \
  Refused name(const A&...) const { \
    return {};                      \
  }
  WEIR_ANY(result)
  WEIR_ANY(get)
  WEIR_ANY(then)
  WEIR_ANY(done)
  WEIR_ANY(wait)
  WEIR_ANY(on_done)
  WEIR_ANY(cancel)
  WEIR_ANY(status)
  WEIR_ANY(at)
  WEIR_ANY(size)
  WEIR_ANY(push_back)
  WEIR_ANY(emplace_back)
  WEIR_ANY(front)
  WEIR_ANY(back)
  WEIR_ANY(call)
  WEIR_ANY(compute)
  WEIR_ANY(persist)
  WEIR_ANY(item)
  WEIR_ANY(apply)
  WEIR_ANY(map)
  WEIR_ANY(starmap)
  WEIR_ANY(filter)
  WEIR_ANY(remove)
  WEIR_ANY(flatten)
  WEIR_ANY(pluck)
  WEIR_ANY(enumerate)
  WEIR_ANY(slice)
  WEIR_ANY(take)
  WEIR_ANY(skip)
  WEIR_ANY(take_while)
  WEIR_ANY(accumulate)
  WEIR_ANY(scan)
  WEIR_ANY(collect)
  WEIR_ANY(frequencies)
  WEIR_ANY(unique)
  WEIR_ANY(pairwise)
  WEIR_ANY(group_by)
  WEIR_ANY(partition)
  WEIR_ANY(partition_unique)
  WEIR_ANY(sliding_window)
  WEIR_ANY(timed_window)
  WEIR_ANY(delay)
  WEIR_ANY(rate_limit)
  WEIR_ANY(zip)
  WEIR_ANY(combine_latest)
  WEIR_ANY(zip_latest)
  WEIR_ANY(merge)
  WEIR_ANY(join)
  WEIR_ANY(split)
  WEIR_ANY(route)
  WEIR_ANY(buffer)
  WEIR_ANY(latest)
  WEIR_ANY(map_async)
  WEIR_ANY(sink)
  WEIR_ANY(starsink)
  WEIR_ANY(sink_async)
  WEIR_ANY(sink_to_list)
  WEIR_ANY(sink_to_textfile)
  WEIR_ANY(current_value)
  WEIR_ANY(scatter)
  WEIR_ANY(gather)
  WEIR_ANY(cut)
  WEIR_ANY(connect)
  WEIR_ANY(named)
  WEIR_ANY(on_error)
  WEIR_ANY(with)
  WEIR_ANY(drain)
  WEIR_ANY(close)
  WEIR_ANY(emit)
  WEIR_ANY(try_emit)
  WEIR_ANY(emit_for)
  WEIR_ANY(start)
  WEIR_ANY(stop)
  WEIR_ANY(rows)
  WEIR_ANY(foldby)
  WEIR_ANY(groupby)
  WEIR_ANY(values)
  WEIR_ANY(value)
  WEIR_ANY(agg)
  WEIR_ANY(assign)
  WEIR_ANY(select)
  WEIR_ANY(sort_by)
  WEIR_ANY(head)
  WEIR_ANY(topk)
  WEIR_ANY(fold)
  WEIR_ANY(sum)
  WEIR_ANY(count)
  WEIR_ANY(mean)
  WEIR_ANY(min)
  WEIR_ANY(max)
  WEIR_ANY(str)
  WEIR_ANY(c_str)
#undef WEIR_ANY
  template <std::size_t First, std::size_t... More>
  Refused pluck() const {
    return {};
  }
};

// Sums and comparisons of results that are not there.
#define WEIR_ANY(operation)                              \
  template <class T>                                     \
  Refused operator operation(const Refused&, const T&) { \
    return {};                                           \
  }                                                      \
  template <class T>                                     \
  requires(!std::same_as<T, Refused>) Refused operator operation(const T&, const Refused&) { return {}; }
WEIR_ANY(+)
WEIR_ANY(-)
WEIR_ANY(*)
WEIR_ANY(/)
WEIR_ANY(%)
WEIR_ANY(<)
WEIR_ANY(>)
WEIR_ANY(<=)
WEIR_ANY(>=)
WEIR_ANY(|)
#undef WEIR_ANY
template <class T>
bool operator==(const Refused&, const T&) {
  return true;
}

}  // namespace weir::detail
