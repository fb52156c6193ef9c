// Compiles, which a program of compile_fail must not.
int main() {}
