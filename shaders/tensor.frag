// Painting 1: which way the edges of the generator's picture run (structure tensor of its colours).
uniform sampler2D u_picture;
out vec4 o_tensor;

void main() {
    ivec2 last = textureSize(u_picture, 0) - 1;
    ivec2 at = ivec2(gl_FragCoord.xy);
    ivec2 lo = max(at - 1, ivec2(0));
    ivec2 hi = min(at + 1, last);
    vec3 nw = texelFetch(u_picture, lo, 0).rgb;
    vec3 n = texelFetch(u_picture, ivec2(at.x, lo.y), 0).rgb;
    vec3 ne = texelFetch(u_picture, ivec2(hi.x, lo.y), 0).rgb;
    vec3 w = texelFetch(u_picture, ivec2(lo.x, at.y), 0).rgb;
    vec3 e = texelFetch(u_picture, ivec2(hi.x, at.y), 0).rgb;
    vec3 sw = texelFetch(u_picture, ivec2(lo.x, hi.y), 0).rgb;
    vec3 s = texelFetch(u_picture, ivec2(at.x, hi.y), 0).rgb;
    vec3 se = texelFetch(u_picture, hi, 0).rgb;
    vec3 gx = 0.25 * (ne - nw + se - sw) + 0.5 * (e - w);
    vec3 gy = 0.25 * (sw - nw + se - ne) + 0.5 * (s - n);
    o_tensor = vec4(dot(gx, gx), dot(gx, gy), dot(gy, gy), 1.0);
}
