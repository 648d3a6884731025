// Draws frames of projectM 3.1 without a window and says what each cost; frame.py compiles and asks it.
//
//   projectm_frames WIDTH HEIGHT PRESET...
//
// Says "ready" with the renderer's name once the presets are read. Then every line of standard input, the number of a
// preset and how many frames of it, is answered by one line: milliseconds of each frame from the call to glFinish. A
// preset drawn for the first time is compiled before the clock starts.

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <libprojectM/PCM.hpp>
#include <libprojectM/projectM.hpp>

namespace {

constexpr int kRate = 44100;
constexpr int kFps = 30;

void fail(const char *what) {
    std::fprintf(stderr, "projectm_frames: %s\n", what);
    std::exit(1);
}

void open_context(int width, int height) {
    auto platform_display =
        reinterpret_cast<PFNEGLGETPLATFORMDISPLAYEXTPROC>(eglGetProcAddress("eglGetPlatformDisplayEXT"));
    EGLDisplay display = EGL_NO_DISPLAY;
    if (platform_display != nullptr)
        display = platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
    if (display == EGL_NO_DISPLAY || !eglInitialize(display, nullptr, nullptr)) {
        display = eglGetDisplay(EGL_DEFAULT_DISPLAY);
        if (display == EGL_NO_DISPLAY || !eglInitialize(display, nullptr, nullptr)) fail("no EGL display");
    }
    if (!eglBindAPI(EGL_OPENGL_API)) fail("EGL has no desktop OpenGL");
    const EGLint wanted[] = {EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT,
                             EGL_RED_SIZE,     8,               EGL_DEPTH_SIZE,      24,
                             EGL_NONE};
    EGLConfig config;
    EGLint count = 0;
    if (!eglChooseConfig(display, wanted, &config, 1, &count) || count == 0) fail("no fitting EGL configuration");
    const EGLint size[] = {EGL_WIDTH, width, EGL_HEIGHT, height, EGL_NONE};
    EGLSurface surface = eglCreatePbufferSurface(display, config, size);
    const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION,
                              3,
                              EGL_CONTEXT_MINOR_VERSION,
                              3,
                              EGL_CONTEXT_OPENGL_PROFILE_MASK,
                              EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
                              EGL_NONE};
    EGLContext context = eglCreateContext(display, config, EGL_NO_CONTEXT, version);
    if (surface == EGL_NO_SURFACE || context == EGL_NO_CONTEXT) fail("no OpenGL 3.3 context without a window");
    if (!eglMakeCurrent(display, surface, surface, context)) fail("the context cannot be made current");
}

// A tone of 110 Hz that a beat lifts twice a second, so that presets move as under music.
void hear(projectM &player, long frame) {
    constexpr int samples = kRate / kFps;
    std::vector<float> sound(samples);
    for (int i = 0; i < samples; ++i) {
        const double time_s = static_cast<double>(frame * samples + i) / kRate;
        const double beat = std::exp(-6.0 * std::fmod(time_s, 0.5));
        sound[i] = static_cast<float>((0.1 + 0.7 * beat) * std::sin(2.0 * M_PI * 110.0 * time_s));
    }
    player.pcm()->addPCMfloat(sound.data(), samples);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 4) fail("usage: projectm_frames WIDTH HEIGHT PRESET...");
    // The library talks on standard output; the answers keep the real one to themselves.
    FILE *answers = fdopen(dup(1), "w");
    if (answers == nullptr || dup2(2, 1) < 0) fail("no standard output");
    const int width = std::atoi(argv[1]), height = std::atoi(argv[2]);
    open_context(width, height);

    projectM::Settings settings;
    settings.windowWidth = width;
    settings.windowHeight = height;
    settings.fps = kFps;
    settings.shuffleEnabled = false;
    settings.presetDuration = 1000000;
    settings.smoothPresetDuration = 0;
    projectM player(settings, projectM::FLAG_DISABLE_PLAYLIST_LOAD);
    player.setPresetLock(true);
    const RatingList ratings(2, 3);
    for (int i = 3; i < argc; ++i) player.addPresetURL(argv[i], argv[i], ratings);
    std::fprintf(answers, "ready %s\n", reinterpret_cast<const char *>(glGetString(GL_RENDERER)));
    std::fflush(answers);

    long frame = 0;
    std::set<unsigned> seen;
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        unsigned preset = 0;
        int frames = 0;
        if (!(words >> preset >> frames) || preset >= player.getPlaylistSize()) fail("expected: PRESET FRAMES");
        player.selectPreset(preset, true);
        const int warm_up = seen.insert(preset).second ? 4 : 1;
        for (int i = -warm_up; i < frames; ++i) {
            hear(player, frame++);
            const auto start = std::chrono::steady_clock::now();
            player.renderFrame();
            glFinish();
            const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
            if (i >= 0) std::fprintf(answers, "%.4f ", spent.count());
        }
        std::fprintf(answers, "\n");
        std::fflush(answers);
    }
    std::_Exit(0);  // the library's own tear-down needs a window
}
