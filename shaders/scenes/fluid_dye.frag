// Fluid 5: carry the dye; the painting dyes it anew, slowly. alpha: 1 once there is dye.
uniform sampler2D u_velocity;
uniform sampler2D u_dye;
uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_dt;
uniform float u_anew;  // share in this frame
noperspective in vec2 v_uv;
out vec4 o_dye;

void main() {
    vec2 v = texture(u_velocity, v_uv).xy;
    vec2 middle = v_uv - 0.5 * v * u_dt / vec2(u_aspect, 1.0);
    vec2 from = v_uv - texture(u_velocity, middle).xy * u_dt / vec2(u_aspect, 1.0);
    vec4 dye = texture(u_dye, from);
    // Carrying blurs: sharpen against the four around.
    vec2 pixel = 1.0 / vec2(textureSize(u_dye, 0));
    vec3 around = 0.25 * (texture(u_dye, from + vec2(pixel.x, 0.0)).rgb + texture(u_dye, from - vec2(pixel.x, 0.0)).rgb
        + texture(u_dye, from + vec2(0.0, pixel.y)).rgb + texture(u_dye, from - vec2(0.0, pixel.y)).rgb);
    float moving = min(length(v) * 4.0, 1.0);
    vec3 c = clamp(dye.rgb + 0.16 * moving * (dye.rgb - around), 0.0, 2.0);
    o_dye = vec4(mix(texture(u_picture, v_uv).rgb, c, dye.a > 0.5 ? 1.0 - u_anew : 0.0), 1.0);
}
