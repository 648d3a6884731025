// What stays of a layer in this frame.
uniform sampler2D u_layer;
uniform float u_keep;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    o_color = max(texelFetch(u_layer, ivec2(gl_FragCoord.xy), 0) * u_keep - 2e-4, 0.0);
}
