// Says what follows from the mistake, too.
template <class T>
void refused(T) {
  static_assert(sizeof(T) == 0, "weir: refused: this is the sentence");
}
int main() {
  refused(1);
  refused(2).sink();
}
