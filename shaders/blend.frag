// Painting 7: between the last two pictures.
uniform sampler2D u_before;
uniform sampler2D u_after;
uniform float u_mix;  // 0..1
out vec4 o_color;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    o_color = mix(texelFetch(u_before, at, 0), texelFetch(u_after, at, 0), u_mix);
}
