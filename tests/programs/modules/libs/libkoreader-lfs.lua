-- LuaFileSystem, of which the specs that run use nothing.
return {}
