-- An audio device's thread asks Lua for its samples (SDL 2, with the driver that plays nothing). The callback has to
-- fill a buffer, so that the thread waits for it: option `wait`; the program answers in time by ffi.poll.
local ffi = require "ferry"

ffi.cdef [[
typedef struct {
  int freq; uint16_t format; uint8_t channels, silence; uint16_t samples, padding; uint32_t size;
  void (*callback)(void *userdata, uint8_t *stream, int bytes);
  void *userdata;
} SDL_AudioSpec;
int SDL_setenv(const char *name, const char *value, int overwrite);
int SDL_InitSubSystem(uint32_t flags);
void SDL_Quit(void);
const char *SDL_GetError(void);
uint32_t SDL_OpenAudioDevice(const char *device, int capture, const SDL_AudioSpec *want, SDL_AudioSpec *have, int changes);
void SDL_PauseAudioDevice(uint32_t device, int pause);
void SDL_CloseAudioDevice(uint32_t device);
unsigned long SDL_ThreadID(void);
enum { SDL_INIT_AUDIO = 0x10, AUDIO_S16 = 0x8010 };
]]
local sdl = ffi.load "libSDL2-2.0.so.0"
sdl.SDL_setenv("SDL_AUDIODRIVER", "dummy", 1)
assert(sdl.SDL_InitSubSystem(sdl.SDL_INIT_AUDIO) == 0, ffi.string(sdl.SDL_GetError()))

local phase, filled, buffers = 0, 0, 0
local fill = ffi.callback("void (*)(void *, uint8_t *, int)", function(_, stream, bytes)
  local samples = ffi.cast("int16_t *", stream)
  for i = 0, bytes / 2 - 1 do
    samples[i] = math.floor(8000 * math.sin(phase))
    phase = phase + 2 * math.pi * 440 / 44100
  end
  filled, buffers = filled + bytes / 2, buffers + 1
end, { queue = 2, wait = true })

local want = ffi.new("SDL_AudioSpec", { freq = 44100, format = sdl.AUDIO_S16, channels = 1, samples = 512, callback = fill })
local device = sdl.SDL_OpenAudioDevice(nil, 0, want, nil, 0)
assert(device ~= 0, ffi.string(sdl.SDL_GetError()))
sdl.SDL_PauseAudioDevice(device, 0)
while buffers < 10 do ffi.poll(1) end
fill:free()                                             -- lets the thread go, which SDL_CloseAudioDevice waits for
sdl.SDL_CloseAudioDevice(device)
sdl.SDL_Quit()
print(("buffers: %d, samples in each: %d"):format(buffers, filled / buffers))
