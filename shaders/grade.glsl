// Colour: one affine matrix (exposure, contrast, saturation, hue) and one gradient over brightness, both prepared by
// the engine from the palette and the emotion.
uniform mat4x3 u_color;
uniform sampler2D u_gradient;  // 256 x 1: colour, and in alpha how strongly it replaces the painting's own
uniform float u_own;           // share of the painting's own chroma kept on top of the gradient

vec3 graded(vec3 c) {
    c = u_color * vec4(c, 1.0);
    float y = max(dot(c, vec3(0.2126, 0.7152, 0.0722)), 0.0);
    // Colours too strong to show pale instead of changing hue.
    float low = min(min(c.r, c.g), min(c.b, 0.0));
    vec3 chroma = (c - y) * (y / (y - low + 1e-4));
    vec4 tone = texelFetch(u_gradient, ivec2(min(y, 1.0) * 255.0 + 0.5, 0), 0);
    return max(mix(y + chroma, tone.rgb + chroma * u_own, tone.a), 0.0);
}
