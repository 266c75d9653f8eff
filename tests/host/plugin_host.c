// A program that has no Lua: plugin_host PLUGIN [as lua_main.cpp] opens one as a plug-in, for itself alone, as VLC does.
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  int (*lua_main)(int, char **) = plugin != NULL ? (int (*)(int, char **))dlsym(plugin, "lua_main") : NULL;
  if (lua_main == NULL) {
    fprintf(stderr, "plugin_host: %s\n", argc > 1 ? dlerror() : "no plug-in named");
    return 1;
  }
  return lua_main(argc - 1, argv + 1);
}
