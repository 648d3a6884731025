// Tone: how much light becomes how bright.
#include "common.glsl"

// Soft shoulder: straight below `knee`, then bends over towards 1.
vec3 shoulder(vec3 c, float knee) {
    vec3 above = max(c - knee, 0.0) / (1.0 - knee);
    return min(c, knee + (1.0 - knee) * above / (1.0 + above));
}

// Film's curve (fit of ACES by Narkowicz 2016), for light beyond 1.
vec3 filmic(vec3 c) {
    return clamp(c * (2.51 * c + 0.03) / (c * (2.43 * c + 0.59) + 0.14), 0.0, 1.0);
}

// Add light as projectors do: never past white.
vec3 screened(vec3 c, vec3 light) {
    return 1.0 - (1.0 - min(c, 1.0)) * (1.0 - min(light, 1.0));
}

// The colour at another brightness.
vec3 at_luma(vec3 c, float light) {
    return c * (light / max(luma(c), 1e-3));
}
