-- luapower mustache: templates of the mustache manual.
local mustache = require "mustache"
local function is(template, data, expected, partials) assert(mustache.render(template, data, partials) == expected, template) end
is("Hello {{name}}, {{{raw}}} {{&raw}} {{raw}}", { name = "Chris", raw = "<b>" }, "Hello Chris, <b> <b> &lt;b&gt;")
is("{{#repo}}<b>{{name}}</b>{{/repo}}{{^none}}no{{/none}}", { repo = { { name = "a" }, { name = "b" } } }, "<b>a</b><b>b</b>no")
is("{{#a}}{{b.c}}{{/a}}{{! comment }}", { a = { b = { c = 7 } } }, "7")
is("{{=<% %>=}}<% x %>", { x = 1 }, "1")
is("[{{>p}}]", { x = "y" }, "[<y>]", { p = "<{{x}}>" })
