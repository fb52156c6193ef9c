// Does not say for which types.
struct Refused {
  __attribute__((unavailable("weir: refused: this is the sentence"))) void refused();
};
int main() { Refused().refused(); }
